DROP TRIGGER orders_changed ON orders;

DROP FUNCTION note_change();

ALTER TABLE orders DROP COLUMN changed;
