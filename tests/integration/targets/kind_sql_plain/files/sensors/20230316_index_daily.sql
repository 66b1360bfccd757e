-- no-transaction
CREATE UNIQUE INDEX CONCURRENTLY daily_key ON daily (sensor_id, day);
REFRESH MATERIALIZED VIEW CONCURRENTLY daily;
