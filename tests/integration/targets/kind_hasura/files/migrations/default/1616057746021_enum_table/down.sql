DROP TABLE "public"."mood";
