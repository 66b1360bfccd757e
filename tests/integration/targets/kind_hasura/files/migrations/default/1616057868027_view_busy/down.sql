DROP VIEW "public"."busy";
