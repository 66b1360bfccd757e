INSERT INTO patient (family_name, given_names, born) VALUES
    ('Ngata', '{Karen, Huia}', '1980-02-29'),
    ('Müller', '{"Jean Paul"}', '1955-12-31');
INSERT INTO appointment
SELECT patient.id, doctor.id, '1.01', tstzrange('2024-01-02 08:00+00', '2024-01-02 08:30+00')
  FROM patient, doctor WHERE family_name = 'Ngata' AND field = 'surgery';
