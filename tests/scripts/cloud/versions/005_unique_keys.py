from migrate import UniqueConstraint
from sqlalchemy import MetaData, Table

NAME = "uniq_key_pairs_user_id_name"


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    keys = Table("key_pairs", meta, autoload=True)
    UniqueConstraint("user_id", "name", table=keys, name=NAME).create()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    keys = Table("key_pairs", meta, autoload=True)
    UniqueConstraint("user_id", "name", table=keys, name=NAME).drop()
