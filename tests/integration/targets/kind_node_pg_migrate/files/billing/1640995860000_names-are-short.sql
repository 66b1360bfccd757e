-- Up Migration
ALTER TABLE customers ADD CONSTRAINT names_are_short CHECK (length(name) <= 80) NOT VALID;
ALTER TABLE customers VALIDATE CONSTRAINT names_are_short;

-- Down Migration
ALTER TABLE customers DROP CONSTRAINT names_are_short;
