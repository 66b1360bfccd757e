from sqlalchemy import Integer, MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData()
    meta.bind = migrate_engine
    instances = Table("instances", meta, autoload=True)
    instances.update().where(instances.c.memory_mb.is_(None)).values(memory_mb=0).execute()
    instances.c.memory_mb.alter(type=Integer, nullable=False)


def downgrade(migrate_engine):
    meta = MetaData()
    meta.bind = migrate_engine
    Table("instances", meta, autoload=True).c.memory_mb.alter(nullable=True)
