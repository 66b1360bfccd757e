def upgrade(migrate_engine):
    connection = migrate_engine.connect()
    try:
        connection.execute("SELECT * FROM well_paid")
    except Exception:
        connection.execute("CREATE VIEW well_paid AS SELECT person_id FROM salaries WHERE amount > 1001")
    connection.close()


def downgrade(migrate_engine):
    migrate_engine.execute("DROP VIEW well_paid")
