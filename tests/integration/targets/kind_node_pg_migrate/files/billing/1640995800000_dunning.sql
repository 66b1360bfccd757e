-- Up Migration
CREATE SCHEMA dunning;
CREATE TABLE dunning.letters (
    invoice_id bigint REFERENCES public.invoices,
    level smallint CHECK (level BETWEEN 1 AND 3),
    sent_on date NOT NULL,
    PRIMARY KEY (invoice_id, level)
);
COMMENT ON TABLE dunning.letters IS 'What was sent; "level 3" goes to the lawyers';

-- Down Migration
DROP SCHEMA dunning CASCADE;
