DROP TRIGGER log_finding ON finding;
DROP FUNCTION log_finding();
DROP TABLE finding_log;
