INSERT INTO finding (patient_id, found_on, severity) SELECT id, '2024-01-02', 'mild' FROM patient;
UPDATE finding SET severity = 'grave', details = '{"pulse": 120, "note": "100 %"}' WHERE patient_id =
    (SELECT id FROM patient WHERE family_name = 'Müller');
