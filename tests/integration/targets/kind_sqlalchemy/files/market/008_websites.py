from sqlalchemy import MetaData, Table, Text, func


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    codes.c.website.alter(name="url", type=Text, server_default="http://")
    with migrate_engine.begin() as connection:
        connection.execute(codes.update().where(codes.c.url != None).values(url=func.lower(codes.c.url)))  # noqa: E711
        connection.execute(codes.update().where(codes.c.url == None).values(url=""))  # noqa: E711
    codes.c.url.alter(nullable=False)


def downgrade(migrate_engine):
    from sqlalchemy import String

    meta = MetaData(bind=migrate_engine)
    codes = Table("exchange_codes", meta, autoload=True)
    codes.c.url.alter(nullable=True)
    codes.c.url.alter(name="website", type=String, server_default=None)
    migrate_engine.execute("UPDATE exchange_codes SET website = nullif(upper(website), '')")
