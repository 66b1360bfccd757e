from sqlalchemy import *

meta = MetaData()
countries = Table("countries", meta, Column("code", String, primary_key=True), Column("name", String, nullable=False))


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    countries.create()
    codes = Table("exchange_codes", meta, autoload=True)
    rows = select([codes.c.iso_country_code, codes.c.country], distinct=True).execute().fetchall()
    for row in rows:
        countries.insert().execute(code=row["iso_country_code"], name=row[codes.c.country].capitalize())


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    countries.drop(checkfirst=True)
