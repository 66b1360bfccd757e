CREATE TABLE doctor (id serial PRIMARY KEY, name text NOT NULL, field text NOT NULL);
