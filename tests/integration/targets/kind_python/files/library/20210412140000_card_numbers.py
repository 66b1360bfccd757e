"""Cards lose their blanks; two that were one before would stop this."""


def up(cursor):
    cursor.execute("ALTER TABLE reader RENAME COLUMN card TO card_number")
    cursor.execute("ALTER TABLE reader RENAME CONSTRAINT one_reader_a_card TO reader_card_number_key")
    cursor.execute("UPDATE reader SET card_number = replace(card_number, ' ', '')")
    cursor.connection.commit()


def down(cursor):
    cursor.execute("ALTER TABLE reader RENAME CONSTRAINT reader_card_number_key TO one_reader_a_card")
    cursor.execute("ALTER TABLE reader RENAME COLUMN card_number TO card")
