CREATE  INDEX "message_author" on
  "public"."message" using btree ("author");
