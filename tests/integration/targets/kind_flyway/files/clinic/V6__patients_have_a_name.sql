ALTER TABLE patient ADD COLUMN name text;
UPDATE patient SET name = array_to_string(given_names, ' ') || ' ' || family_name;
ALTER TABLE patient ALTER COLUMN name SET NOT NULL, DROP COLUMN given_names, DROP COLUMN family_name;
