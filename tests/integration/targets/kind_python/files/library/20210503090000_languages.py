from psycopg2.extras import execute_values

LANGUAGES = [("de", "German"), ("en", "English"), ("ru", "Russian")]


def up(cursor):
    cursor.execute("CREATE TABLE language (code char(2) PRIMARY KEY, name text NOT NULL)")
    execute_values(cursor, "INSERT INTO language VALUES %s", LANGUAGES)
    cursor.execute("ALTER TABLE book ADD COLUMN language char(2) NOT NULL DEFAULT 'en' REFERENCES language")


def down(cursor):
    cursor.execute("ALTER TABLE book DROP COLUMN language")
    cursor.execute("DROP TABLE language")
