-- +migrate Up
INSERT INTO article VALUES ('B-10', 'Bolt, 10 mm; zinc', 12), ('N-10', 'Nut, 10 mm', 9), ('W-10', 'Washer "10"', 2);
INSERT INTO movement (sku, aisle, shelf, pieces)
SELECT sku, 1, row_number() OVER (ORDER BY sku), 500 FROM article;
INSERT INTO movement (sku, aisle, shelf, pieces) VALUES ('B-10', 1, 1, 250);

-- +migrate Down
TRUNCATE movement, stock;
DELETE FROM article;
