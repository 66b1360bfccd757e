-- Up Migration
BEGIN;
CREATE TYPE invoice_state AS ENUM ('draft', 'sent', 'paid');
CREATE TABLE invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE RESTRICT,
    currency char(3) NOT NULL REFERENCES currencies,
    state invoice_state NOT NULL DEFAULT 'draft',
    issued_on date
);
CREATE INDEX ON invoices (customer_id);
COMMIT;

-- Down Migration
BEGIN;
DROP TABLE invoices;
DROP TYPE invoice_state;
COMMIT;
