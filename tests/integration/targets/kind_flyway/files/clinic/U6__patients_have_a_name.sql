ALTER TABLE patient ADD COLUMN family_name text, ADD COLUMN given_names text[];
UPDATE patient SET family_name = substring(name FROM '\S+$'),
                   given_names = string_to_array(substring(name FROM '^(.*) \S+$'), ' ');
ALTER TABLE patient ALTER COLUMN family_name SET NOT NULL, ALTER COLUMN given_names SET NOT NULL, DROP COLUMN name;
CREATE INDEX patient_by_name ON patient (lower(family_name));
