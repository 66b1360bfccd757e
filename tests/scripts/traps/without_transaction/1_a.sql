-- postgres-migrations disable-transaction
CREATE TABLE people (id int);
