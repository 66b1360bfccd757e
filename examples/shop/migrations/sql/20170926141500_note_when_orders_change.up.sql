ALTER TABLE orders ADD COLUMN changed timestamptz;

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    -- An update that changes nothing; isn't a change.
    IF NEW IS DISTINCT FROM OLD THEN
        NEW.changed := now();
        RAISE DEBUG 'order % has changed', NEW.id;
    END IF;
    RETURN NEW;
END;
$body$;

CREATE TRIGGER orders_changed BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_change();
