-- Up Migration
-- no-transaction
ALTER TYPE invoice_state ADD VALUE IF NOT EXISTS 'cancelled';
CREATE INDEX CONCURRENTLY invoices_open ON invoices (issued_on) WHERE state = 'sent';

-- Down Migration
-- A value can't be taken from an enum: it is made anew.
DROP INDEX invoices_open;
ALTER TYPE invoice_state RENAME TO old_state;
CREATE TYPE invoice_state AS ENUM ('draft', 'sent', 'paid');
ALTER TABLE invoices
    ALTER COLUMN state DROP DEFAULT,
    ALTER COLUMN state TYPE invoice_state USING state::text::invoice_state,
    ALTER COLUMN state SET DEFAULT 'draft';
DROP TYPE old_state;
