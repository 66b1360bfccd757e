CREATE UNIQUE INDEX users_handle ON users (lower(handle));
