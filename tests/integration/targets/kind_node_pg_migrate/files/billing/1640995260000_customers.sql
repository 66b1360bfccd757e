-- Up Migration
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    vat_number text UNIQUE
);

-- Down Migration
DROP TABLE customers;
