CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users,
    placed timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'open'
);
