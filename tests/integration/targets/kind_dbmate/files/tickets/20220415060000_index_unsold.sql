-- migrate:up transaction:false
create index concurrently ticket_unsold on ticket (show_id) where sold_at is null;

-- migrate:down transaction:false
drop index concurrently ticket_unsold;
