def up(cursor):
    cursor.execute("CREATE TABLE person (ssn text PRIMARY KEY, name text NOT NULL)")


def down(cursor):
    cursor.execute("DROP TABLE person")
