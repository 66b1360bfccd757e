from sqlalchemy import MetaData, Table
from migrate.changeset.schema import rename_index, rename_table


def upgrade(migrate_engine):
    departments = Table("departments", MetaData(bind=migrate_engine), autoload=True)
    rename_table(departments, "units")
    rename_index("departments_pkey", "units_pkey", "units", engine=migrate_engine)


def downgrade(migrate_engine):
    rename_index("units_pkey", "departments_pkey", "units", engine=migrate_engine)
    rename_table("units", "departments", engine=migrate_engine)
