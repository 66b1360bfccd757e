"""Authors become rows of their own, and find their books."""


def up(cursor):
    cursor.execute("CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL UNIQUE)")
    cursor.execute("SELECT DISTINCT author FROM book ORDER BY author")
    for (name,) in cursor.fetchall():
        cursor.execute("INSERT INTO author (name) VALUES (%s) RETURNING id", (name,))
        number = cursor.fetchone()[0]
        print("%s is %d" % (name, number))
    cursor.execute("ALTER TABLE book ADD COLUMN author_id integer REFERENCES author")
    cursor.execute("UPDATE book SET author_id = author.id FROM author WHERE author.name = book.author")
    cursor.execute("ALTER TABLE book ALTER COLUMN author_id SET NOT NULL")


def down(cursor):
    cursor.execute("ALTER TABLE book DROP COLUMN author_id")
    cursor.execute("DROP TABLE author")
