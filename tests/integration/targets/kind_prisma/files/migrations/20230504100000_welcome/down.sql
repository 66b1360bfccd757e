DELETE FROM comments WHERE parent_id IS NOT NULL;
DELETE FROM posts WHERE title = 'Welcome';
DELETE FROM users WHERE handle = 'editor';
