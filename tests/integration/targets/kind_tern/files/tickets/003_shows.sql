create table show (
    id serial primary key,
    venue_id int not null references venue,
    title varchar(120) not null,
    starts_at timestamptz not null,
    unique (venue_id, starts_at)
);
create index on show (starts_at);

---- create above / drop below ----

drop table show;
