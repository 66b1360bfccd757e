CREATE RECURSIVE VIEW threads (id, post_id, depth, path) AS
  SELECT id, post_id, 0, ARRAY[id] FROM comments WHERE parent_id IS NULL
  UNION ALL
  SELECT c.id, c.post_id, depth + 1, path || c.id FROM comments c JOIN threads t ON c.parent_id = t.id;
