from migrate.changeset.constraint import CheckConstraint, ForeignKeyConstraint
from migrate.changeset.schema import create_column, drop_column
from sqlalchemy import Column, Integer, MetaData, Table


def upgrade(migrate_engine):
    people = Table("people", MetaData(bind=migrate_engine), autoload=True)
    create_column(Column("manager_id", Integer), people)
    ForeignKeyConstraint([people.c.manager_id], [people.c.id], name="manager_fk", initially="DEFERRED").create()
    CheckConstraint(people.c.manager_id != people.c.id, name="nobody_manages_himself").create()
    boss = people.select(people.c.login == "kngata").execute().fetchone()["id"]
    people.update(people.c.id != boss).execute(manager_id=boss)


def downgrade(migrate_engine):
    people = Table("people", MetaData(bind=migrate_engine), autoload=True)
    CheckConstraint("manager_id <> id", table=people, name="nobody_manages_himself").drop()
    foreign_key = [key for key in people.foreign_keys if key.parent is people.c.manager_id][0]
    foreign_key.constraint.drop()
    drop_column("manager_id", people)
