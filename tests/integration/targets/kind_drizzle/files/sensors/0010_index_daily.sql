CREATE UNIQUE INDEX daily_key ON daily (sensor_id, day);
REFRESH MATERIALIZED VIEW daily;
