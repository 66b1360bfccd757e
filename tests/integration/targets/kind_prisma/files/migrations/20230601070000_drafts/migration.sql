CREATE TYPE post_state AS ENUM ('draft', 'review', 'published');
ALTER TABLE posts ADD COLUMN state post_state NOT NULL DEFAULT 'draft';
UPDATE posts SET state = 'published' WHERE published;
ALTER TABLE posts DROP COLUMN published;
