def up(cursor):
    cursor.execute("ALTER TABLE users ADD COLUMN karen text")


def down(cursor):
    cursor.execute("ALTER TABLE users DROP COLUMN karen")
