INSERT INTO authors (id, name) VALUES (1, 'Ursula K. Le Guin'), (2, 'Stanisław Lem');
INSERT INTO books (title, author_id) VALUES ('The Dispossessed', 1), ('Solaris', 2), ('The Invincible', 2);
