DROP TABLE "public"."message";
