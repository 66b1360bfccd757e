CREATE OR REPLACE FUNCTION age_of(born date, today date) RETURNS integer LANGUAGE sql IMMUTABLE
    AS $$ SELECT extract(year FROM age(today, born))::integer $$;
