from sqlalchemy import Index, MetaData, Table


def _index(migrate_engine):
    people = Table("people", MetaData(bind=migrate_engine), autoload=True)
    return Index("people_hired", people.c.hired, people.c.login)


def upgrade(migrate_engine):
    _index(migrate_engine).create()


def downgrade(migrate_engine):
    _index(migrate_engine).drop()
