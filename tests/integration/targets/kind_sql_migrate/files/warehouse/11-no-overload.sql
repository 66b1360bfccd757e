-- +migrate Up
-- +migrate StatementBegin
CREATE FUNCTION no_overload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM load WHERE kg > capacity_kg) THEN
        RAISE EXCEPTION 'too heavy';
    END IF;
    RETURN NULL;
END;
$$;
-- +migrate StatementEnd
-- +migrate StatementBegin
CREATE CONSTRAINT TRIGGER no_overload AFTER INSERT OR UPDATE ON stock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_overload();
-- +migrate StatementEnd

-- +migrate Down
DROP TRIGGER no_overload ON stock;
DROP FUNCTION no_overload();
