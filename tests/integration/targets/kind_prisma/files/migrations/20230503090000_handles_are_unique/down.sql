DROP INDEX users_handle;
