-- +migrate Up
CREATE TABLE stock (
    sku text REFERENCES article ON UPDATE CASCADE,
    aisle integer,
    shelf integer,
    pieces integer NOT NULL CHECK (pieces >= 0),
    PRIMARY KEY (sku, aisle, shelf),
    FOREIGN KEY (aisle, shelf) REFERENCES bin
);

-- +migrate Down
DROP TABLE stock;
