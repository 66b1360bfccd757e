CREATE INDEX CONCURRENTLY patient_by_name ON patient (lower(family_name));
