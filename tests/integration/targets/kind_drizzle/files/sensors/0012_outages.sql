CREATE EXTENSION btree_gist;
CREATE TABLE outage (
    sensor_id integer REFERENCES sensor,
    during tstzrange NOT NULL,
    EXCLUDE USING gist (sensor_id WITH =, during WITH &&)
);
