ALTER TABLE doctor DROP CONSTRAINT doctor_field;
DROP TABLE field;
