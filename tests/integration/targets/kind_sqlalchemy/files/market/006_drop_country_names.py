from sqlalchemy import Column, MetaData, String, Table, select


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    codes.c.country.drop()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    countries = Table("countries", meta, autoload=True)
    Column("country", String).create(codes)
    name = select([countries.c.name]).where(countries.c.code == codes.c.iso_country_code)
    codes.update(values={"country": getattr(name, "scalar_subquery", name.as_scalar)()}).execute()
    codes.c.country.alter(nullable=False)
