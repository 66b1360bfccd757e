ALTER TABLE orders ADD total INTEGER;
UPDATE orders SET total = 2 WHERE note LIKE '%two';
