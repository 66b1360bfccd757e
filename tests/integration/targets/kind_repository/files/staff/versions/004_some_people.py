from sqlalchemy import MetaData, Table, and_, func, select

PEOPLE = {"kngata": "Karen Ngata", "jdarcy": "Jos\xe9 D'Arcy", "half": "50 %"}


def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    people = Table("people", meta, autoload=True)
    departments = Table("departments", meta, autoload=True)
    sales = select([departments.c.id], departments.c.name == "Sales").execute().scalar()
    for login in sorted(PEOPLE):
        result = migrate_engine.execute(people.insert(), login=login, full_name=PEOPLE[login], department_id=sales)
        print("%s is %d" % (login, result.inserted_primary_key[0]))
    found = select([func.count(people.c.id)], and_(people.c.department_id == sales, people.c.hired == None))  # noqa: E711
    assert found.execute().scalar() == len(PEOPLE)


def downgrade(migrate_engine):
    people = Table("people", MetaData(bind=migrate_engine), autoload=True)
    people.delete(people.c.login.in_(list(PEOPLE))).execute()
