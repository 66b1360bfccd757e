create table venue (
    id serial primary key,
    name text not null,
    city text not null
);

---- create above / drop below ----

drop table venue;
