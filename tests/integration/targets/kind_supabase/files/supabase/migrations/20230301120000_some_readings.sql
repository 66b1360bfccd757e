INSERT INTO reading
SELECT sensor.id, day, extract(doy FROM day) / 10
  FROM sensor, generate_series(timestamptz '2023-03-01 00:00+00', '2023-03-10 00:00+00', interval '1 day') AS day
 WHERE unit = '°C';
