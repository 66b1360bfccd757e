ALTER TABLE posts ADD COLUMN search TSVECTOR
  GENERATED ALWAYS AS (setweight(to_tsvector('english', title), 'A') || to_tsvector('english', body)) STORED;
