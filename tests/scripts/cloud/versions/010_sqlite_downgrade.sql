DROP TABLE of_sqlite;
