UPDATE instances SET memory_mb = NULL WHERE memory_mb = 0;
