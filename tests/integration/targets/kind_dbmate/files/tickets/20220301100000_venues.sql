-- migrate:up
create table venue (
    id serial primary key,
    name text not null,
    city text not null
);

-- migrate:down
drop table venue;
