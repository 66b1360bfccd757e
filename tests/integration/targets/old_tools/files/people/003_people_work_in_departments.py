def up(cursor):
    cursor.execute("ALTER TABLE person ADD COLUMN department int REFERENCES department")


def down(cursor):
    cursor.execute("ALTER TABLE person DROP COLUMN department")
