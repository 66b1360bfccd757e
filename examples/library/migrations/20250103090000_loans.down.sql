DROP VIEW books_out;
DROP TABLE loans;
