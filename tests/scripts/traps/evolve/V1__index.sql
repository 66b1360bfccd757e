-- evolve-tx-off
CREATE TABLE people (id int);
