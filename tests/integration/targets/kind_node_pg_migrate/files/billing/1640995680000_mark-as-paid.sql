-- Up Migration
CREATE FUNCTION mark_as_paid() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE invoices SET state = 'paid'
     WHERE id = NEW.invoice_id
       AND (SELECT sum(amount) FROM payments WHERE invoice_id = NEW.invoice_id)
           >= (SELECT total FROM totals WHERE invoice_id = NEW.invoice_id);
    RETURN NULL; -- it is an AFTER trigger; nobody looks
END
$body$;
CREATE TRIGGER mark_as_paid AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION mark_as_paid();
INSERT INTO payments (invoice_id, amount) SELECT min(invoice_id), 12.5 FROM totals;

-- Down Migration
DELETE FROM payments;
DROP TRIGGER mark_as_paid ON payments;
DROP FUNCTION mark_as_paid();
