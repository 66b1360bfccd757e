CREATE TABLE patient (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    family_name text NOT NULL,
    given_names text[] NOT NULL,
    born date NOT NULL CHECK (born > '1900-01-01')
);
