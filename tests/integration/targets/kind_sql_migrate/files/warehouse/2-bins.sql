-- +migrate Up
CREATE TABLE bin (aisle integer, shelf integer, capacity_g integer NOT NULL DEFAULT 50000, PRIMARY KEY (aisle, shelf));
INSERT INTO bin (aisle, shelf) SELECT a, s FROM generate_series(1, 4) a, generate_series(1, 5) s;

-- +migrate Down
DROP TABLE bin;
