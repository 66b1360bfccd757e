CREATE TABLE people (id int);
---- create above / drop below ----
DROP TABLE people;
