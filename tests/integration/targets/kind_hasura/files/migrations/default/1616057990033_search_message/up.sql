CREATE FUNCTION search_message(search text) RETURNS SETOF message AS $$
 SELECT * FROM message WHERE text ILIKE ('%' || search || '%')
$$ LANGUAGE sql STABLE;
