alter table "public"."user" drop constraint "user_name_key";
