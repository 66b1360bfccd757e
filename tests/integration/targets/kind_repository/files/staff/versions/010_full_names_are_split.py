from sqlalchemy import Column, MetaData, Table, Text, bindparam


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    people = Table("people", meta, autoload=True)
    for name in ("given_name", "family_name"):
        people.create_column(Column(name, Text, server_default=""))
    changes = []
    for row in people.select().execute():
        given, dummy, family = row["full_name"].rpartition(" ")
        changes.append({"number": row.id, "given": given, "family": family})
    change = people.update(
        people.c.id == bindparam("number"), {"given_name": bindparam("given"), "family_name": bindparam("family")}
    )
    migrate_engine.execute(change, changes)


def downgrade(migrate_engine):
    people = Table("people", MetaData(bind=migrate_engine), autoload=True)
    people.drop_column("given_name")
    people.drop_column(people.c.family_name)
