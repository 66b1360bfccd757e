from sqlalchemy import Boolean, Column, Enum, ForeignKey, Integer, MetaData, String, Table


def _volumes(meta):
    return Table(
        "volumes", meta,
        Column("id", Integer, primary_key=True, nullable=False),
        Column("size", Integer),
        Column("bootable", Boolean, default=False),
        Column("status", Enum("available", "in-use", "error", name="volume_status"), nullable=False),
        Column("instance_id", Integer, ForeignKey("instances.id"), nullable=True),
        Column("display_name", String(255)),
        mysql_engine="InnoDB", mysql_charset="utf8",
    )


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    Table("instances", meta, autoload=True)
    volumes = _volumes(meta)
    volumes.create()
    migrate_engine.execute(volumes.insert(), [
        {"id": 1, "size": 1, "bootable": True, "status": "available"},
        {"id": 2, "size": 20, "bootable": False, "status": "in-use"},
    ])


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    Table("instances", meta, autoload=True)
    _volumes(meta).drop()
