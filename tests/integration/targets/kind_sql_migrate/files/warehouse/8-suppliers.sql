-- +migrate Up
CREATE TABLE supplier (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
ALTER TABLE article ADD COLUMN supplier_id integer REFERENCES supplier ON DELETE SET NULL;
WITH known AS (INSERT INTO supplier (name) VALUES ('Screws Ltd.') RETURNING id)
UPDATE article SET supplier_id = known.id FROM known WHERE sku LIKE '_-10';

-- +migrate Down
ALTER TABLE article DROP COLUMN supplier_id;
DROP TABLE supplier;
