from sqlalchemy import MetaData, Table
from migrate.changeset.constraint import ForeignKeyConstraint


def _constraint(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    countries = Table("countries", meta, autoload=True)
    return ForeignKeyConstraint([codes.c.iso_country_code], [countries.c.code], name="in_country")


def upgrade(migrate_engine):
    _constraint(migrate_engine).create()


def downgrade(migrate_engine):
    _constraint(migrate_engine).drop()
