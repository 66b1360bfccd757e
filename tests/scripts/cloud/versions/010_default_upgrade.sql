UPDATE instances SET memory_mb = 0 WHERE memory_mb IS NULL;
