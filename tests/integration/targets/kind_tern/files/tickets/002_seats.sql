create table seat (
    venue_id int not null references venue on delete cascade,
    "row" char(1) not null,
    number smallint not null check (number > 0),
    primary key (venue_id, "row", number)
);

---- create above / drop below ----

drop table seat;
