-- Up Migration
CREATE TABLE people (id int);
-- Down Migration
DROP TABLE people;
