from migrate import ForeignKeyConstraint
from sqlalchemy import Column, Integer, MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    services = Table("services", meta, autoload=True)
    keys = Table("key_pairs", meta, autoload=True)
    Column("service_id", Integer).create(keys)
    ForeignKeyConstraint(columns=[keys.c.service_id], refcolumns=[services.c.id], name="fk_key_pairs_service").create()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    services = Table("services", meta, autoload=True)
    keys = Table("key_pairs", meta, autoload=True)
    ForeignKeyConstraint(columns=[keys.c.service_id], refcolumns=[services.c.id], name="fk_key_pairs_service").drop()
    keys.c.service_id.drop()
