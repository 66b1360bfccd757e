CREATE FUNCTION initials(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(left(word, 1), '' ORDER BY place) FROM regexp_split_to_table(name, '\s+') WITH ORDINALITY AS w (word, place)
$$;
