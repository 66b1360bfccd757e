TRUNCATE finding, finding_log;
