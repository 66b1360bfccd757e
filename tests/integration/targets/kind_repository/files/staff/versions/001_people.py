from sqlalchemy import Column, Date, Integer, MetaData, String, Table, Unicode

meta = MetaData()
people = Table(
    "people",
    meta,
    Column("id", Integer(), primary_key=True, autoincrement=True),
    Column("login", String(32), unique=True, nullable=False),
    Column("full_name", Unicode(100)),
    Column("hired", Date()),
)


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    people.create(checkfirst=True)


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    people.drop(checkfirst=True)
