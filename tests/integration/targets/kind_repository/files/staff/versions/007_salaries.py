from sqlalchemy import *

meta = MetaData()
salaries = Table(
    "salaries",
    meta,
    Column("person_id", Integer, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("amount", Numeric(10, 2), nullable=False),
    Column("currency", CHAR(3), DefaultClause("EUR"), nullable=False),
    CheckConstraint("amount >= 0", name="salaries_are_paid"),
)


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    people = Table("people", meta, autoload=True)
    salaries.create()
    for row in people.select(order_by=[people.c.id]).execute():
        salaries.insert(
            {"person_id": row.id, "since": func.to_date("2016", "YYYY"), "amount": 1000 + row["id"]}
        ).execute()


def downgrade(migrate_engine):
    meta.bind = migrate_engine
    Table("people", meta, autoload=True)
    salaries.drop()
