DROP FUNCTION search_message(text);
