alter table "public"."user" add constraint "user_name_key" unique ("name");
