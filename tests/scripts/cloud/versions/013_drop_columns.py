from sqlalchemy import Column, DateTime, MetaData, Table, Text


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    instances.drop_column("user_data")
    instances.c.created_at.drop()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    Column("created_at", DateTime).create(instances)
    instances.create_column(Column("user_data", Text))
