CREATE TABLE comments (
  id BIGSERIAL PRIMARY KEY,
  post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
  parent_id BIGINT REFERENCES comments (id),
  body TEXT NOT NULL
);
CREATE INDEX comments_of_posts ON comments (post_id, parent_id);
