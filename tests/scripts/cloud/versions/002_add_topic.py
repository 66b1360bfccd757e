from sqlalchemy import Column, MetaData, String, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    services = Table("services", meta, autoload=True)
    services.create_column(Column("topic", String(64), server_default="none"))
    services.insert().values(id=1, host="a", report_count=0, topic="compute").execute()
    services.insert().values(id=2, host="b", report_count=3).execute()


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    services = Table("services", meta, autoload=True)
    services.delete().execute()
    services.drop_column("topic")
