-- no-transaction
ALTER TYPE invoice_state ADD VALUE IF NOT EXISTS 'cancelled';
CREATE INDEX CONCURRENTLY invoices_open ON invoices (issued_on) WHERE state = 'sent';
