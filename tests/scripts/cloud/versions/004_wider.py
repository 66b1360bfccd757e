from sqlalchemy import MetaData, String, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    keys = Table("key_pairs", meta, autoload=True)
    keys.c.user_id.alter(type=String(length=255))
    keys.c.name.alter(nullable=False)


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    keys = Table("key_pairs", meta, autoload=True)
    keys.c.name.alter(nullable=True)
    keys.c.user_id.alter(type=String(length=64))
