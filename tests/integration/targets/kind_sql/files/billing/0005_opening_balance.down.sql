DELETE FROM invoices;
DELETE FROM customers;
