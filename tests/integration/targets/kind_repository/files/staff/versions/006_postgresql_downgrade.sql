DROP FUNCTION initials(text);
