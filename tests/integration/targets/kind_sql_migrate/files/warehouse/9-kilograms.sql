-- +migrate Up
ALTER TABLE bin RENAME COLUMN capacity_g TO capacity_kg;
ALTER TABLE bin ALTER COLUMN capacity_kg DROP DEFAULT;
ALTER TABLE bin ALTER COLUMN capacity_kg TYPE numeric(6, 1) USING capacity_kg / 1000.0;
ALTER TABLE bin ALTER COLUMN capacity_kg SET DEFAULT 50;

-- +migrate Down
ALTER TABLE bin ALTER COLUMN capacity_kg DROP DEFAULT;
ALTER TABLE bin ALTER COLUMN capacity_kg TYPE integer USING capacity_kg * 1000;
ALTER TABLE bin ALTER COLUMN capacity_kg SET DEFAULT 50000;
ALTER TABLE bin RENAME COLUMN capacity_kg TO capacity_g;
