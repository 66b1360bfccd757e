def up(cursor):
    cursor.execute("INSERT INTO users (name) VALUES (%s)", ("Karen Ngata",))


def down(cursor):
    cursor.execute("DELETE FROM users WHERE name = %s", ("Karen Ngata",))
