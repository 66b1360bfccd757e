from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table


def upgrade(migrate_engine):
    meta = MetaData(migrate_engine)
    people = Table("people", meta, autoload=True)
    Table("departments", meta, autoload=True)
    department = Column("department_id", Integer, ForeignKey("departments.id"))
    department.create(people)
    assert people.c.department_id is department


def downgrade(migrate_engine):
    meta = MetaData(migrate_engine)
    people = Table("people", meta, autoload=True)
    people.c.department_id.drop()
