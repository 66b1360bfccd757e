from sqlalchemy import *
from migrate import *


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    Column("founded", SmallInteger).create(codes, index_name="exchange_founded")
    Column("is_open", Boolean, nullable=False, default=True).create(codes, populate_default=True)
    Column("lei", String(20)).create(codes, unique_name="one_lei")
    codes.update(codes.c.mic == "XNYS", dict(founded=1792)).execute()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    for name in ("lei", "is_open", "founded"):
        codes.drop_column(name)
