alter table "public"."user" drop column "last_seen";
