from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.sql import and_, func, select


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    volumes = Table("volumes", meta, autoload=True)
    archive = Table("archived", meta, Column("name", String(255), primary_key=True), Column("number", String(20)))
    archive.create()
    count = select([func.count(volumes.c.id)], and_(volumes.c.size > 0, volumes.c.size < 100)).execute().scalar()
    migrate_engine.execute(archive.insert(), {"name": "volumes", "number": str(count)})


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    Table("archived", meta, autoload=True).drop()
