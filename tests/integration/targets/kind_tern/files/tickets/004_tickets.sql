create table ticket (
    show_id int not null references show,
    venue_id int not null,
    "row" char(1) not null,
    number smallint not null,
    price_cents int not null,
    sold_at timestamptz,
    primary key (show_id, "row", number),
    foreign key (venue_id, "row", number) references seat
);

---- create above / drop below ----

drop table ticket;
