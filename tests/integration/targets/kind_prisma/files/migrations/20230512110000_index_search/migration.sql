CREATE INDEX CONCURRENTLY posts_search ON posts USING gin (search);
