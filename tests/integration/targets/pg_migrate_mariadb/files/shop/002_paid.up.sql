CREATE VIEW paid AS SELECT id, customer FROM orders WHERE state = 'paid';
DELIMITER //
CREATE PROCEDURE pay(IN which int)
BEGIN
  IF which IS NOT NULL THEN
    UPDATE orders SET state = 'paid' WHERE id = which;
  END IF;
END //
DELIMITER ;
