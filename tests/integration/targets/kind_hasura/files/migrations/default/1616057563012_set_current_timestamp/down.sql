DROP TRIGGER "set_public_user_last_seen" ON "public"."user";
DROP FUNCTION "public"."set_current_timestamp_seen"();
