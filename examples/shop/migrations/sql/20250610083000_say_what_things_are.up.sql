COMMENT ON TABLE users IS 'Everybody who has an account; it''s never emptied';

COMMENT ON COLUMN orders.state IS 'open → paid → sent, and at times → returned';

COMMENT ON COLUMN products.price IS 'In euro, 19 % VAT included';

COMMENT ON VIEW order_totals IS 'What an order costs
(a line of its own: without shipping)';
