transactional = False


def up(cursor):
    cursor.execute("CREATE INDEX CONCURRENTLY book_title ON book (lower(title) text_pattern_ops)")


def down(cursor):
    cursor.execute("DROP INDEX CONCURRENTLY book_title")
