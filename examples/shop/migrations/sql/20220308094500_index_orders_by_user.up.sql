-- no-transaction
-- CONCURRENTLY lets the shop go on while the index is built, and can't be done inside a transaction.
CREATE INDEX CONCURRENTLY orders_user_placed ON orders (user_id, placed DESC);

CREATE INDEX CONCURRENTLY order_lines_sku ON order_lines (sku);
