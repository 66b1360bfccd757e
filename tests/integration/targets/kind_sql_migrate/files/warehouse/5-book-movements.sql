-- +migrate Up
-- +migrate StatementBegin
CREATE FUNCTION book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock VALUES (NEW.sku, NEW.aisle, NEW.shelf, NEW.pieces)
    ON CONFLICT (sku, aisle, shelf) DO UPDATE SET pieces = stock.pieces + EXCLUDED.pieces;
    RETURN NEW;
END;
$$;
-- +migrate StatementEnd
CREATE TRIGGER book AFTER INSERT ON movement FOR EACH ROW EXECUTE FUNCTION book();

-- +migrate Down
DROP TRIGGER book ON movement;
DROP FUNCTION book();
