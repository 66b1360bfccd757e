from sqlalchemy import MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    services = Table("services", meta, autoload=True)
    services.c.host.alter(name="host_name")


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    services = Table("services", meta, autoload=True)
    services.c.host_name.alter(name="host")
