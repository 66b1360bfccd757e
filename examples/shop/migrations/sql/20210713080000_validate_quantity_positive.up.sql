UPDATE order_lines SET quantity = 1 WHERE quantity <= 0;

ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_quantity_positive;
