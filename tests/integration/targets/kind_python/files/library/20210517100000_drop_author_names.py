def up(cursor):
    cursor.execute("ALTER TABLE book DROP COLUMN author")


def down(cursor):
    cursor.execute("ALTER TABLE book ADD COLUMN author text")
    cursor.execute("UPDATE book SET author = name FROM author WHERE author.id = author_id")
    cursor.execute("ALTER TABLE book ALTER COLUMN author SET NOT NULL")
