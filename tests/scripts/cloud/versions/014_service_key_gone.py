from migrate.changeset.constraint import ForeignKeyConstraint
from sqlalchemy import MetaData, Table


def _key(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    services = Table("services", meta, autoload=True)
    return ForeignKeyConstraint([instances.c.service_id], [services.c.id], name="fk_instances_service")


def upgrade(migrate_engine):
    _key(migrate_engine).drop()


def downgrade(migrate_engine):
    _key(migrate_engine).create()
