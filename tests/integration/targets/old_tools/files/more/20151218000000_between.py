def up(cursor):
    cursor.execute("CREATE TABLE between_the_others (x int)")


def down(cursor):
    cursor.execute("DROP TABLE between_the_others")
