INSERT INTO users (handle, password_hash) VALUES ('editor', '\x00ff');
INSERT INTO posts (user_id, title, body, published)
SELECT id, 'Welcome', E'It''s 100 % new;\nread on.', true FROM users WHERE handle = 'editor';
INSERT INTO comments (post_id, body) SELECT id, 'First!' FROM posts;
INSERT INTO comments (post_id, parent_id, body) SELECT post_id, id, 'Second.' FROM comments;
