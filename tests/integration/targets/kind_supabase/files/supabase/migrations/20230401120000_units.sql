CREATE TABLE unit (symbol text PRIMARY KEY, name text);
INSERT INTO unit (symbol) SELECT DISTINCT unit FROM sensor;
UPDATE unit SET name = CASE symbol WHEN '%' THEN 'percent' WHEN '°C' THEN 'degrees; Celsius' ELSE 'hectopascal' END;
ALTER TABLE sensor ADD FOREIGN KEY (unit) REFERENCES unit;
ALTER TABLE unit ALTER COLUMN name SET NOT NULL;
