-- up
CREATE TABLE people (id int);
-- down
-- DROP TABLE people;
