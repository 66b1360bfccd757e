CREATE INDEX reading_at ON reading USING brin (at);
