ALTER TABLE authors ADD COLUMN books INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER counted AFTER INSERT ON books BEGIN
  UPDATE authors SET books = books + 1 WHERE id = new.author_id;
END;
