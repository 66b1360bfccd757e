CREATE MATERIALIZED VIEW daily AS
SELECT sensor_id, at::date AS day, min(value), max(value), avg(value)::real
  FROM reading GROUP BY 1, 2;
