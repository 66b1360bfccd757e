from dbmigrator import logger, super_user


def up(cursor):
    cursor.execute("CREATE TABLE users (id serial PRIMARY KEY, email text)")
    cursor.connection.commit()
    with super_user() as super_cursor:
        super_cursor.execute("SELECT usesuper, current_database() FROM pg_user WHERE usename = current_user")
        logger.info("superuser: %s, on %s", *super_cursor.fetchone())
        super_cursor.execute("COMMENT ON SCHEMA public IS 'commented by a superuser'")


def down(cursor):
    cursor.execute("DROP TABLE users")
