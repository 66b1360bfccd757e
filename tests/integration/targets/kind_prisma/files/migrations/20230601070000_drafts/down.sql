ALTER TABLE posts ADD COLUMN published BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE posts SET published = state = 'published';
ALTER TABLE posts DROP COLUMN state;
DROP TYPE post_state;
