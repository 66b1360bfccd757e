------
-- UP
------
CREATE TABLE people (id int);
------
-- DOWN
------
DROP TABLE people;
