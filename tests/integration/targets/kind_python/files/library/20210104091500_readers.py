def up(cursor):
    cursor.execute("CREATE TABLE reader (id serial PRIMARY KEY, name text NOT NULL, card text NOT NULL)")
    cursor.execute("ALTER TABLE reader ADD CONSTRAINT one_reader_a_card UNIQUE (card)")


def down(cursor):
    cursor.execute("DROP TABLE reader")
