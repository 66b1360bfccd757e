ALTER TABLE posts ADD COLUMN slug VARCHAR;
UPDATE posts SET slug = id || '-' || lower(regexp_replace(title, '\W+', '-', 'g'));
ALTER TABLE posts ALTER COLUMN slug SET NOT NULL;
ALTER TABLE posts ADD CONSTRAINT posts_slug UNIQUE (slug);
