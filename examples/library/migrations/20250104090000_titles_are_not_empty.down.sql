CREATE TABLE old_books (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  author_id INTEGER NOT NULL REFERENCES authors (id)
);
INSERT INTO old_books SELECT id, title, author_id FROM books;
DROP VIEW books_out;
DROP TABLE books;
ALTER TABLE old_books RENAME TO books;
CREATE TRIGGER counted AFTER INSERT ON books BEGIN
  UPDATE authors SET books = books + 1 WHERE id = new.author_id;
END;
CREATE VIEW books_out AS SELECT b.id, b.title FROM books b JOIN loans l ON l.book_id = b.id WHERE l.returned IS NULL;
