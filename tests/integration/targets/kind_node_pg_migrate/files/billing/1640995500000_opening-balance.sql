-- Up Migration
INSERT INTO customers (name, vat_number) VALUES ('Ngata & Söhne', 'DE136695976'), ('O''Brien', NULL);
INSERT INTO invoices (customer_id, currency, state, issued_on)
SELECT id, 'EUR', 'sent', date '2022-01-31' FROM customers;
INSERT INTO invoice_lines (invoice_id, position, text, price)
SELECT id, 1, 'carried forward; 50 % of 2021', 12.5 FROM invoices;

-- Down Migration
DELETE FROM invoices;
DELETE FROM customers;
