alter table "public"."message" add column "mood" text not null default 'good';
alter table "public"."message" add constraint "message_mood_fkey" foreign key ("mood") references "public"."mood" ("value") on update restrict on delete restrict;
