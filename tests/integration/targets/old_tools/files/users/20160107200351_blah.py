def up(cursor):
    cursor.execute("CREATE VIEW blah AS SELECT email FROM users")


def down(cursor):
    cursor.execute("DROP VIEW blah")
