-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY movement_sku ON movement (sku, at DESC);
-- +goose StatementBegin
DO $$
BEGIN
    ASSERT to_regclass('movement_sku') IS NOT NULL;
END
$$;
-- +goose StatementEnd
VACUUM movement;

-- +goose Down
DROP INDEX CONCURRENTLY movement_sku;
