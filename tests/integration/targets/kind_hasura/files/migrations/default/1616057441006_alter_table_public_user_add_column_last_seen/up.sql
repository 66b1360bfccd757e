alter table "public"."user" add column "last_seen" timestamptz
 null;
