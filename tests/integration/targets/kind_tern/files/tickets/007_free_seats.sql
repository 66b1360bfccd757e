create view free_seats as
select show_id, count(*) filter (where sold_at is null) as free, count(*) as all_of_them
  from ticket group by show_id;

---- create above / drop below ----

drop view free_seats;
