CREATE MATERIALIZED VIEW best_sellers AS
SELECT sku, title, sum(quantity) AS sold
FROM order_lines JOIN products USING (sku)
GROUP BY sku, title
ORDER BY sold DESC, sku
LIMIT 100;

-- REFRESH MATERIALIZED VIEW CONCURRENTLY needs it.
CREATE UNIQUE INDEX best_sellers_sku ON best_sellers (sku);
