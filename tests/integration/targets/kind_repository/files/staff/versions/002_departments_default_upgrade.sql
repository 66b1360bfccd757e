CREATE TABLE departments (id serial PRIMARY KEY, name varchar(60) NOT NULL UNIQUE);
INSERT INTO departments (name) VALUES ('Research; development'), ('Sales');
