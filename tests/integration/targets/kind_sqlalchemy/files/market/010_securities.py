from sqlalchemy import MetaData, Table


def upgrade(migrate_engine):
    instruments = Table("instruments", MetaData(bind=migrate_engine), autoload=True)
    instruments.rename("securities")
    [index for index in instruments.indexes if index.name == "ix_instruments_isin"][0].rename("ix_securities_isin")
    instruments.insert().execute(
        {"isin": "DE0005810055", "mic": "XETR", "lot": 1}, {"isin": "US0378331005", "mic": "XNYS", "lot": 100}
    )


def downgrade(migrate_engine):
    securities = Table("securities", MetaData(bind=migrate_engine), autoload=True)
    securities.delete().execute()
    [index for index in securities.indexes if index.name == "ix_securities_isin"][0].rename("ix_instruments_isin")
    securities.rename("instruments")
