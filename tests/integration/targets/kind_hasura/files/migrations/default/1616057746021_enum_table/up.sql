CREATE TABLE "public"."mood" ("value" text NOT NULL, PRIMARY KEY ("value"));
INSERT INTO mood VALUES ('good'), ('bad');
