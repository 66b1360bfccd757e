insert into venue (name, city) values ('Opera; great hall', 'Graz');
insert into seat select id, chr(64 + r), n from venue, generate_series(1, 3) r, generate_series(1, 10) n;

---- create above / drop below ----

delete from venue where city = 'Graz';
