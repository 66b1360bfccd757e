def up(cursor):
    cursor.execute("CREATE TABLE department (id int PRIMARY KEY, name text NOT NULL)")


def down(cursor):
    cursor.execute("DROP TABLE department")
