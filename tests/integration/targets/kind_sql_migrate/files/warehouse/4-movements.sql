-- +migrate Up
CREATE TABLE movement (
    id bigserial PRIMARY KEY,
    sku text NOT NULL,
    aisle integer NOT NULL,
    shelf integer NOT NULL,
    pieces integer NOT NULL CHECK (pieces <> 0),
    at timestamptz NOT NULL DEFAULT now()
);

-- +migrate Down
DROP TABLE movement;
