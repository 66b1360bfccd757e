-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY movement_sku ON movement (sku, at DESC);
-- +migrate StatementBegin
DO $$
BEGIN
    ASSERT to_regclass('movement_sku') IS NOT NULL;
END
$$;
-- +migrate StatementEnd
VACUUM movement;

-- +migrate Down notransaction
DROP INDEX CONCURRENTLY movement_sku;
