-- do
CREATE TABLE people (id int);
-- undo
DROP TABLE people;
