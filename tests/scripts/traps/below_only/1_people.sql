CREATE TABLE people (id int);
-- Rollback
DROP TABLE people;
