-- depends: 0000.base
CREATE TABLE people (id int);
