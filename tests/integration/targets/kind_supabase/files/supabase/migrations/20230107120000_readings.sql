CREATE TABLE reading (
    sensor_id integer NOT NULL,
    at timestamptz NOT NULL,
    value real NOT NULL
) PARTITION BY RANGE (at);
