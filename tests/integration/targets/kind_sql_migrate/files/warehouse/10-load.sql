-- +migrate Up
CREATE VIEW load AS
SELECT aisle, shelf, sum(pieces * weight_g) / 1000.0 AS kg, max(capacity_kg) AS capacity_kg
  FROM stock JOIN article USING (sku) JOIN bin USING (aisle, shelf)
 GROUP BY aisle, shelf;

-- +migrate Down
DROP VIEW load;
