insert into show (venue_id, title, starts_at)
select id, title, starts_at
  from venue, (values ('Così fan tutte', timestamptz '2022-09-01 19:00+02'),
                      ('Rusalka', timestamptz '2022-09-08 19:30+02')) as season (title, starts_at);
insert into ticket (show_id, venue_id, "row", number, price_cents)
select show.id, show.venue_id, "row", number, 9000 - 2000 * (ascii("row") - 65)
  from show join seat using (venue_id);

---- create above / drop below ----

delete from ticket;
delete from show;
