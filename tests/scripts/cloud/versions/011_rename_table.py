from sqlalchemy import MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    Table("key_pairs", meta, autoload=True).rename("ssh_keys")


def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    Table("ssh_keys", meta, autoload=True).rename("key_pairs")
