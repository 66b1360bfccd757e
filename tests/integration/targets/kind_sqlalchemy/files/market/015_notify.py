FUNCTION = """
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('prices', format('%s: %s', NEW.security_id, NEW.price));
    RETURN NEW;
END
$$;
CREATE TRIGGER tell AFTER INSERT ON prices FOR EACH ROW EXECUTE FUNCTION tell();
"""


def upgrade(migrate_engine):
    raw = migrate_engine.raw_connection()
    raw.cursor().execute(FUNCTION)
    raw.commit()
    raw.close()


def downgrade(migrate_engine):
    migrate_engine.execute("DROP TRIGGER tell ON prices")
    migrate_engine.execute("DROP FUNCTION tell()")
