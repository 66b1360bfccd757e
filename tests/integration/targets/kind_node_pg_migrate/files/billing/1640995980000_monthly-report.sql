-- Up Migration
CREATE MATERIALIZED VIEW monthly AS
SELECT date_trunc('month', issued_on)::date AS month, currency, sum(total) AS total
  FROM invoices JOIN totals ON invoice_id = id GROUP BY 1, 2;
CREATE UNIQUE INDEX ON monthly (month, currency);

-- Down Migration
DROP MATERIALIZED VIEW monthly;
