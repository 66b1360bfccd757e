create extension citext;
create table customer (email citext primary key, name text);
alter table ticket add column customer citext references customer on update cascade;

---- create above / drop below ----

alter table ticket drop column customer;
drop table customer;
drop extension citext;
