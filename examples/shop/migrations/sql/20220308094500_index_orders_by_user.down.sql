-- no-transaction
DROP INDEX CONCURRENTLY order_lines_sku;

DROP INDEX CONCURRENTLY orders_user_placed;
