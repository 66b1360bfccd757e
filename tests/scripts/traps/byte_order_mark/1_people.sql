-- migrate:up
CREATE TABLE people (id int);
