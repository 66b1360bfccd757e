---- tern: disable-tx ----
create index concurrently ticket_unsold on ticket (show_id) where sold_at is null;

---- create above / drop below ----

drop index concurrently ticket_unsold;
