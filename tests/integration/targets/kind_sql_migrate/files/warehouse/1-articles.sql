-- +migrate Up
CREATE TABLE article (sku text PRIMARY KEY, description text NOT NULL, weight_g integer CHECK (weight_g > 0));

-- +migrate Down
DROP TABLE article;
