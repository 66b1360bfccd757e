def up(cursor):
    cursor.execute("SELECT 1")
