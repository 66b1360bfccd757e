INSERT INTO message (author, text) SELECT id, 'hello; it''s me' FROM "user";
