BEGIN;
DROP TABLE invoices;
DROP TYPE invoice_state;
COMMIT;
