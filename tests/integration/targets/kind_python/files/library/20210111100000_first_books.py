BOOKS = [
    ("9780141439518", "Pride and Prejudice", "Jane Austen"),
    ("9780140449136", "Crime and Punishment", "Fyodor Dostoevsky"),
    ("9780141182803", "Ulysses", "James Joyce"),
    ("9780199535569", "Emma", "Jane Austen"),
]


def up(cursor):
    cursor.executemany("INSERT INTO book (isbn, title, author) VALUES (%s, %s, %s)", BOOKS)


def down(cursor):
    cursor.execute("DELETE FROM book WHERE isbn = ANY (%s)", ([isbn for isbn, dummy, dummy in BOOKS],))
