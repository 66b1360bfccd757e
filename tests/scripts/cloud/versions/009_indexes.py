from sqlalchemy import Index, MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    Index("instances_uuid_idx", instances.c.uuid, unique=True).create(migrate_engine)
    Index("instances_host_memory_idx", instances.c.hostname, instances.c.memory_mb).create(migrate_engine)
    for index in list(instances.indexes):
        if index.name == "instances_host_idx":
            index.drop(migrate_engine)


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    instances = Table("instances", meta, autoload=True)
    for name in ("instances_uuid_idx", "instances_host_memory_idx"):
        for index in list(instances.indexes):
            if index.name == name:
                index.drop(migrate_engine)
    Index("instances_host_idx", instances.c.hostname).create(migrate_engine)
