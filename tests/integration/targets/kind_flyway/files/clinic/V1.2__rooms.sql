CREATE TABLE room (number text PRIMARY KEY, floor smallint NOT NULL);
