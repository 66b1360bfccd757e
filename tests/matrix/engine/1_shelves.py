from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

meta = MetaData()
shelves = Table("shelves", meta, Column("id", Integer, primary_key=True), Column("place", String(20), nullable=False))
books = Table("books", meta, Column("id", Integer, primary_key=True), Column("shelf", ForeignKey("shelves.id")))


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    meta.create_all()
    migrate_engine.execute(shelves.insert(), [{"place": "hall"}, {"place": "attic"}])


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    meta.drop_all()
