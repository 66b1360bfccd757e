from sqlalchemy import Column, Integer, MetaData, String, Table

meta = MetaData()
people = Table("people", meta, Column("id", Integer, primary_key=True, autoincrement=False), Column("name", String(20)))


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    people.create()
    people.insert().execute(id=1, name="Ada")
    Column("age", Integer).create(people)


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    people.drop()
