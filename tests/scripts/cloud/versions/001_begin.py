from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text


def define_tables(meta):
    services = Table(
        "services", meta,
        Column("created_at", DateTime),
        Column("deleted", Boolean),
        Column("id", Integer, primary_key=True, nullable=False),
        Column("host", String(255)),
        Column("report_count", Integer, nullable=False),
        mysql_engine="InnoDB", mysql_charset="utf8",
    )
    instances = Table(
        "instances", meta,
        Column("created_at", DateTime),
        Column("id", Integer, primary_key=True, nullable=False),
        Column("uuid", String(36), nullable=False),
        Column("hostname", String(255)),
        Column("memory_mb", Integer),
        Column("service_id", Integer, ForeignKey("services.id", name="fk_instances_service")),
        Column("user_data", Text),
        mysql_engine="InnoDB", mysql_charset="utf8",
    )
    keys = Table(
        "key_pairs", meta,
        Column("id", Integer, primary_key=True, nullable=False),
        Column("name", String(255)),
        Column("user_id", String(64)),
        mysql_engine="InnoDB", mysql_charset="utf8",
    )
    return [services, instances, keys]


def upgrade(migrate_engine):
    meta = MetaData()
    meta.bind = migrate_engine
    tables = define_tables(meta)
    for table in tables:
        table.create()
    Index("instances_host_idx", tables[1].c.hostname).create(migrate_engine)


def downgrade(migrate_engine):
    meta = MetaData()
    meta.bind = migrate_engine
    for table in reversed(define_tables(meta)):
        table.drop()
