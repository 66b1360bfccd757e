-- Up Migration
CREATE TABLE invoice_lines (
    invoice_id bigint REFERENCES invoices ON DELETE CASCADE,
    position smallint,
    text text NOT NULL,
    quantity numeric(10, 3) NOT NULL DEFAULT 1,
    price numeric(14, 4) NOT NULL,
    amount numeric GENERATED ALWAYS AS (quantity * price) STORED,
    PRIMARY KEY (invoice_id, position)
);

-- Down Migration
DROP TABLE invoice_lines;
