CREATE TABLE of_sqlite (id INTEGER NOT NULL, note VARCHAR(20), PRIMARY KEY (id));
INSERT INTO of_sqlite (id, note) SELECT id, status FROM volumes;
