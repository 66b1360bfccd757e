DROP INDEX IF EXISTS "public"."message_author";
