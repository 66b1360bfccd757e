CREATE VIEW order_totals AS
SELECT
    orders.id AS order_id,
    users.given_name || ' ' || users.family_name AS customer,
    orders.state,
    coalesce(sum(order_lines.quantity * order_lines.price), 0) AS total
FROM orders
JOIN users ON users.id = orders.user_id
LEFT JOIN order_lines ON order_lines.order_id = orders.id
GROUP BY orders.id, users.id;
