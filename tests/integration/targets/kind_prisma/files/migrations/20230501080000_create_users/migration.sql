CREATE TABLE users (
  id SERIAL PRIMARY KEY,
  handle VARCHAR NOT NULL,
  password_hash BYTEA NOT NULL,
  updated_at TIMESTAMP NOT NULL DEFAULT NOW()
);
SELECT diesel_manage_updated_at('users');
