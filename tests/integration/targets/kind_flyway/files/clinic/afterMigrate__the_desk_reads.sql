-- Whatever was added, the desk may look at it.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
