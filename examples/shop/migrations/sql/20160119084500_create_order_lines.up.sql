CREATE TABLE order_lines (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    line integer NOT NULL,
    sku text NOT NULL REFERENCES products,
    quantity integer NOT NULL DEFAULT 1,
    price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);

INSERT INTO orders (user_id) SELECT id FROM users;

INSERT INTO order_lines (order_id, line, sku, quantity, price)
SELECT orders.id, row_number() OVER (PARTITION BY orders.id ORDER BY sku), sku, 1, price
FROM orders CROSS JOIN products;
