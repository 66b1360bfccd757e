from sqlalchemy import Column, Integer, MetaData, Table, select


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    volumes = Table("volumes", meta, autoload=True)
    size_mb = Column("size_mb", Integer, default=0)
    size_mb.create(volumes, populate_default=True)
    for row in select([volumes.c.id, volumes.c.size]).execute().fetchall():
        volumes.update().where(volumes.c.id == row[0]).values(size_mb=row[1] * 1024).execute()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    Table("volumes", meta, autoload=True).c.size_mb.drop()
