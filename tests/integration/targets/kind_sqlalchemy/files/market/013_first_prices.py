import datetime

from sqlalchemy import MetaData, Table, select
from sqlalchemy.orm import sessionmaker

NOON = datetime.datetime(2015, 6, 1, 12, tzinfo=datetime.timezone.utc)


def upgrade(migrate_engine):
    meta = MetaData()
    meta.reflect(bind=migrate_engine)
    prices, securities = meta.tables["prices"], meta.tables["securities"]
    session = sessionmaker(bind=migrate_engine)()
    for number, isin in session.execute(select([securities.c.id, securities.c.isin])):
        session.execute(prices.insert().values(security_id=number, at=NOON, price=len(isin), quote={"bid": 11.5}))
    session.commit()
    session.close()


def downgrade(migrate_engine):
    connection = migrate_engine.connect()
    transaction = connection.begin()
    connection.execute("DELETE FROM prices WHERE at = %s", (NOON,))
    transaction.commit()
    connection.close()
