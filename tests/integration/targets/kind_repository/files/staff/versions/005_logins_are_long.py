from sqlalchemy import *
from migrate import *


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    people = Table("people", meta, autoload=True)
    people.c.login.alter(type=String(64))
    people.c.full_name.alter(Column("full_name", UnicodeText, nullable=False))


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    people = Table("people", meta, autoload=True)
    people.c.full_name.alter(type=Unicode(100), nullable=True)
    alter_column("login", type=String(32), table="people", engine=migrate_engine)
