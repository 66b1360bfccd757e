def up(cursor):
    cursor.execute("""
        CREATE TABLE book (
            id serial PRIMARY KEY,
            isbn text NOT NULL UNIQUE,
            title text NOT NULL,
            author text NOT NULL
        )
    """)


def down(cursor):
    cursor.execute("DROP TABLE book")
