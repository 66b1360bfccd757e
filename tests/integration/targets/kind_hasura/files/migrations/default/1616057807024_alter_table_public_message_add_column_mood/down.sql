alter table "public"."message" drop column "mood";
