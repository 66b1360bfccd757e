CREATE OR REPLACE FUNCTION "public"."set_current_timestamp_seen"()
RETURNS TRIGGER AS $$
DECLARE
  _new record;
BEGIN
  _new := NEW;
  _new."last_seen" = NOW();
  RETURN _new;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER "set_public_user_last_seen"
BEFORE UPDATE ON "public"."user"
FOR EACH ROW
EXECUTE PROCEDURE "public"."set_current_timestamp_seen"();
COMMENT ON TRIGGER "set_public_user_last_seen" ON "public"."user"
IS 'trigger to set value of column "last_seen" to current timestamp on row update';
