-- NOT VALID: checked for new rows from now on, without reading the old ones under the lock that this takes.
ALTER TABLE order_lines ADD CONSTRAINT order_lines_quantity_positive CHECK (quantity > 0) NOT VALID;
