from sqlalchemy import MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    instances.c.memory_mb.alter(server_default="512")
    services = Table("services", meta, autoload=True)
    services.c.topic.alter(server_default=None)


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    instances.c.memory_mb.alter(server_default=None)
    services = Table("services", meta, autoload=True)
    services.c.topic.alter(server_default="none")
