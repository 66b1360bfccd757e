-- The bodies of this function waits for its table until it is called.
CREATE OR REPLACE FUNCTION appointments_in(number text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(*) FROM appointment WHERE room = number);
END
$$;
