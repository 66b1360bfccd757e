CREATE OR REPLACE VIEW "public"."busy" AS
 SELECT author, count(*) AS n FROM message GROUP BY author;
