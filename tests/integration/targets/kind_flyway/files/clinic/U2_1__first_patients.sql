DELETE FROM appointment;
DELETE FROM patient;
