"""Know given and family name apart; `name` stays, as what users want to be called.

The table is filled in batches, so that no statement takes long on a large one.
"""

BATCH = 1000


def up(cursor):
    cursor.execute("ALTER TABLE users ADD COLUMN given_name text, ADD COLUMN family_name text")
    print(f"{split_names(cursor)} names split")
    cursor.execute("ALTER TABLE users ALTER COLUMN given_name SET NOT NULL, ALTER COLUMN family_name SET NOT NULL")


def down(cursor):
    cursor.execute("ALTER TABLE users DROP COLUMN given_name, DROP COLUMN family_name")


def split_names(cursor):
    total = 0
    while True:
        cursor.execute(
            """
            UPDATE users
            SET given_name = split_part(name, ' ', 1),
                family_name = CASE WHEN name LIKE '%% %%' THEN regexp_replace(name, '^\\S+\\s+', '') ELSE '' END
            WHERE id IN (SELECT id FROM users WHERE given_name IS NULL ORDER BY id LIMIT %s)
            """,
            (BATCH,),
        )
        total += cursor.rowcount
        if cursor.rowcount < BATCH:
            return total
