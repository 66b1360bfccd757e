import os

from dbmigrator import logger

MARKS = os.path.join(os.path.dirname(__file__), "shelf_marks.csv")


def up(cursor):
    cursor.execute("CREATE TABLE shelf (mark text PRIMARY KEY, subject text NOT NULL)")
    with open(MARKS, encoding="utf-8") as stream:
        cursor.copy_expert("COPY shelf (mark, subject) FROM STDIN (FORMAT csv)", stream)
    logger.info("%d shelf marks", cursor.rowcount)


def down(cursor):
    cursor.execute("DROP TABLE shelf")
