DROP TABLE order_lines;

DELETE FROM orders;
