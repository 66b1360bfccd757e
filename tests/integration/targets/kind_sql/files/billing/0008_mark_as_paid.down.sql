DELETE FROM payments;
DROP TRIGGER mark_as_paid ON payments;
DROP FUNCTION mark_as_paid();
