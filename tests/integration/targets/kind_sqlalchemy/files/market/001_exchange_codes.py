from sqlalchemy import *

meta = MetaData()

exchange_codes = Table(
    "exchange_codes",
    meta,
    Column("mic", String, primary_key=True, nullable=False),
    Column("country", String, nullable=False),
    Column("iso_country_code", String, nullable=False),
    Column("operating_mic", String, nullable=False),
    Column("name", String, nullable=False),
    Column("website", String),
)


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    exchange_codes.create()


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    exchange_codes.drop()
