from sqlalchemy import DDL, text

CREATE = """
CREATE VIEW last_prices AS
SELECT DISTINCT ON (security_id) security_id, price, quote ->> 'bid' AS bid
  FROM prices ORDER BY security_id, at DESC
"""


def upgrade(migrate_engine):
    with migrate_engine.connect() as connection:
        connection.execute(text(CREATE))
    migrate_engine.execute(DDL("COMMENT ON VIEW last_prices IS 'at most 100 %% each'"))


def downgrade(migrate_engine):
    migrate_engine.execute("DROP VIEW last_prices")
