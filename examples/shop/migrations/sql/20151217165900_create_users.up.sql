CREATE TABLE users (
    name text NOT NULL,
    joined timestamptz NOT NULL DEFAULT now()
);
