-- migrate:up
CREATE TABLE more (id int);
