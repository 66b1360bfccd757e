-- +migrate Up
CREATE STATISTICS stock_place (dependencies) ON aisle, shelf FROM stock;
COMMENT ON STATISTICS stock_place IS 'a shelf''s aisle';

-- +migrate Down
DROP STATISTICS stock_place;
