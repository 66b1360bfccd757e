def up(cursor):
    cursor.execute("""
        CREATE VIEW overdue AS
        SELECT reader.name, book.title, loan.since
          FROM loan JOIN reader ON reader.id = reader_id JOIN book ON book.id = book_id
         WHERE returned IS NULL AND since < current_date - 28
    """)


def down(cursor):
    cursor.execute("DROP VIEW overdue")
