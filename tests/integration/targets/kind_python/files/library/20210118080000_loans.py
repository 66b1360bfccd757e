def up(cursor):
    cursor.execute("""
        CREATE TABLE loan (
            book_id integer NOT NULL REFERENCES book,
            reader_id integer NOT NULL REFERENCES reader ON DELETE CASCADE,
            since date NOT NULL DEFAULT current_date,
            returned date,
            CHECK (returned >= since)
        );
        CREATE UNIQUE INDEX loan_of_a_book ON loan (book_id) WHERE returned IS NULL;
    """)


def down(cursor):
    cursor.execute("DROP TABLE loan")
