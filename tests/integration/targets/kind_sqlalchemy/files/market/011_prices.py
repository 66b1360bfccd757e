from sqlalchemy import *
from sqlalchemy.dialects import postgresql

meta = MetaData()
prices = Table(
    "prices",
    meta,
    Column("security_id", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("price", Numeric(18, 6), nullable=False),
    Column("quote", postgresql.JSONB),
)


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    prices.create()
    Index("prices_at", prices.c.at.desc(), postgresql_where=prices.c.price > 0).create()


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    prices.drop()
