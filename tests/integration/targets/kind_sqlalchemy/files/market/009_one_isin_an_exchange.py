from migrate.changeset.constraint import UniqueConstraint
from sqlalchemy import MetaData, Table


def upgrade(migrate_engine):
    instruments = Table("instruments", MetaData(bind=migrate_engine), autoload=True)
    UniqueConstraint(instruments.c.isin, instruments.c.mic).create()
    UniqueConstraint("id", "isin", table=instruments, name="id_and_isin").create()


def downgrade(migrate_engine):
    instruments = Table("instruments", MetaData(bind=migrate_engine), autoload=True)
    UniqueConstraint("id", "isin", table=instruments, name="id_and_isin").drop()
    UniqueConstraint(instruments.c.isin, instruments.c.mic).drop()
