-- Up Migration
CREATE TABLE payments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    invoice_id bigint NOT NULL REFERENCES invoices,
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_by_day ON payments USING brin (received_at);

-- Down Migration
DROP TABLE payments;
