CREATE TABLE station (code text PRIMARY KEY, place point NOT NULL, altitude_m smallint);
