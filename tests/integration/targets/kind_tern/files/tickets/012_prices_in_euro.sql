alter table ticket add column price numeric(7, 2);
update ticket set price = price_cents / 100.0;
drop function sell(int, char, int);
alter table ticket alter column price set not null, drop column price_cents;

---- create above / drop below ----

alter table ticket add column price_cents int;
update ticket set price_cents = price * 100;
alter table ticket alter column price_cents set not null, drop column price;
create function sell(show int, "row" char, number int) returns int language plpgsql as $$
declare
    price int;
begin
    update ticket t set sold_at = now()
     where t.show_id = sell.show and t."row" = sell."row" and t.number = sell.number and sold_at is null
    returning price_cents into price;
    if not found then
        raise 'seat %% % is taken', "row" || number;
    end if;
    return price;
end
$$;
