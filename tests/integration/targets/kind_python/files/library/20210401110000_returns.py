RETURN = """
CREATE FUNCTION give_back(number integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE loan SET returned = current_date WHERE book_id = number AND returned IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'book % isn''t lent', number;
    END IF;
END
$$
"""


def up(cursor):
    cursor.execute(RETURN)


def down(cursor):
    cursor.execute("DROP FUNCTION give_back(integer)")
