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
select sell(id, 'A', 1) from show where title = 'Rusalka';

---- create above / drop below ----

update ticket set sold_at = null;
drop function sell(int, char, int);
