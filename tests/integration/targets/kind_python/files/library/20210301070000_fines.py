from library_money import CENTS


def up(cursor):
    cursor.execute("CREATE DOMAIN amount AS numeric(8, 2) CHECK (VALUE >= 0)")
    cursor.execute("CREATE TABLE fine (reader_id integer REFERENCES reader, due amount NOT NULL)")
    cursor.execute("ALTER TABLE fine ADD COLUMN cents integer GENERATED ALWAYS AS (due * %s) STORED", (CENTS,))


def down(cursor):
    cursor.execute("DROP TABLE fine; DROP DOMAIN amount")
