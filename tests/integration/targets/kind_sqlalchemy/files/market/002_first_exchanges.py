from sqlalchemy import MetaData, Table

EXCHANGES = [
    dict(
        mic="XETR",
        country="GERMANY",
        iso_country_code="DE",
        operating_mic="XETR",
        name="XETRA",
        website="WWW.DEUTSCHE-BOERSE.COM",
    ),
    dict(
        mic="XNYS",
        country="UNITED STATES OF AMERICA",
        iso_country_code="US",
        operating_mic="XNYS",
        name="NEW YORK STOCK EXCHANGE, INC.",
        website="WWW.NYSE.COM",
    ),
    dict(
        mic="ARCX",
        country="UNITED STATES OF AMERICA",
        iso_country_code="US",
        operating_mic="XNYS",
        name='NYSE "ARCA": 100 %',
        website=None,
    ),
]


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    codes.insert().execute(*EXCHANGES)


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    codes.delete(codes.c.mic.in_([each["mic"] for each in EXCHANGES])).execute()
