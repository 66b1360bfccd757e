"""Give the state of an order a type of its own, in place of text that anything fits into."""

STATES = ("open", "paid", "sent", "returned")


def up(cursor):
    cursor.execute("CREATE TYPE order_state AS ENUM (%s, %s, %s, %s)", STATES)
    change_type(cursor, "order_state")


def down(cursor):
    change_type(cursor, "text")
    cursor.execute("DROP TYPE order_state")


def change_type(cursor, name):
    cursor.execute("ALTER TABLE orders ALTER COLUMN state DROP DEFAULT")
    cursor.execute(f"ALTER TABLE orders ALTER COLUMN state TYPE {name} USING state::text::{name}")
    cursor.execute("ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'")
