-- Up Migration
CREATE VIEW totals AS
SELECT invoice_id, sum(amount) AS total FROM invoice_lines GROUP BY invoice_id;

-- Down Migration
DROP VIEW totals;
