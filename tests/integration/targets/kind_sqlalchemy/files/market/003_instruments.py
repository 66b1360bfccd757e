from sqlalchemy import *

meta = MetaData()
instruments = Table(
    "instruments",
    meta,
    Column("id", Integer, primary_key=True),
    Column("isin", String(12), nullable=False, index=True),
    Column("mic", String, ForeignKey("exchange_codes.mic"), nullable=False),
    Column("kind", Enum("share", "bond", name="instrument_kind"), nullable=False, server_default="share"),
    Column("lot", Numeric(12, 4), CheckConstraint("lot > 0", name="lot_is_positive")),
)


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    Table("exchange_codes", meta, autoload=True)
    meta.create_all()


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    Table("exchange_codes", meta, autoload=True)
    instruments.drop()
    instruments.c.kind.type.drop(migrate_engine, checkfirst=True)
