alter table ticket enable row level security;
create policy own on ticket using (customer = current_setting('shop.customer', true)::citext);

---- create above / drop below ----

drop policy own on ticket;
alter table ticket disable row level security;
