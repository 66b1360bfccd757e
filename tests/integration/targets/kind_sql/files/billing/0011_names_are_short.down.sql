ALTER TABLE customers DROP CONSTRAINT names_are_short;
