CREATE TABLE loans (
  id INTEGER PRIMARY KEY,
  book_id INTEGER NOT NULL REFERENCES books (id),
  lent TEXT NOT NULL DEFAULT (date('now')),
  returned TEXT CHECK (returned IS NULL OR returned >= lent)
);
CREATE INDEX loans_out ON loans (book_id) WHERE returned IS NULL;
CREATE VIEW books_out AS SELECT b.id, b.title FROM books b JOIN loans l ON l.book_id = b.id WHERE l.returned IS NULL;
