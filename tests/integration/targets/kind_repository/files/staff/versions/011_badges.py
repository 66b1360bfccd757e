from sqlalchemy import *
from sqlalchemy.dialects.postgresql import ARRAY, INET, UUID

meta = MetaData()
number = Sequence("badge_number", start=500, metadata=meta)
badges = Table(
    "badges",
    meta,
    Column("number", Integer, number, primary_key=True, server_default=text("nextval('badge_number')")),
    Column("token", UUID(as_uuid=True), server_default=func.gen_random_uuid(), nullable=False),
    Column("doors", ARRAY(Text), nullable=False, server_default="{}"),
    Column("seen_at", INET),
    Column("given", DateTime, server_default=func.now()),
)


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    meta.create_all()
    assert badges.exists()
    badges.insert().execute(doors=["front", "director's"])


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    meta.drop_all()
