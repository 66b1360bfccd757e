from migrate import ForeignKeyConstraint, PrimaryKeyConstraint
from migrate.changeset import CheckConstraint
from sqlalchemy import MetaData, Table


def _constraints(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    prices = Table("prices", meta, autoload=True)
    Table("securities", meta, autoload=True)
    return [
        PrimaryKeyConstraint("security_id", "at", table=prices, name="prices_pk"),
        CheckConstraint("price >= 0", table=prices, name="no_negative_price"),
        ForeignKeyConstraint(columns=["security_id"], refcolumns=["securities.id"], table=prices, ondelete="CASCADE"),
    ]


def upgrade(migrate_engine):
    for constraint in _constraints(migrate_engine):
        constraint.create()


def downgrade(migrate_engine):
    key, check, foreign_key = _constraints(migrate_engine)
    foreign_key.drop()
    check.drop()
    key.drop()
