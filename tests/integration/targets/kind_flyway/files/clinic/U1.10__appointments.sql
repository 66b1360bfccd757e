DROP TABLE appointment;
DROP EXTENSION btree_gist;
