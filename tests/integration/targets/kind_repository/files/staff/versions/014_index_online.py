transactional = False


def upgrade(migrate_engine):
    migrate_engine.execute("CREATE INDEX CONCURRENTLY salaries_amount ON salaries (amount)")


def downgrade(migrate_engine):
    migrate_engine.execute("DROP INDEX CONCURRENTLY salaries_amount")
