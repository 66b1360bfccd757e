CREATE TABLE products (
    sku text PRIMARY KEY,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    price numeric(10, 2) NOT NULL CHECK (price >= 0)
);

INSERT INTO products (sku, title, description, price) VALUES
    ('TEA-001', 'Assam, 250 g', 'Malty; 100% leaf', 7.50),
    ('TEA-002', 'Karen''s blend', 'She calls it "the %s one"', 9.90),
    ('MUG-001', 'Mug', $$It's 50% off; now or never$$, 4.25);
