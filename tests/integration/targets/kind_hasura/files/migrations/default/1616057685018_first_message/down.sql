DELETE FROM message;
