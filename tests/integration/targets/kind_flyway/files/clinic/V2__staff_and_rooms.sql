INSERT INTO doctor (name, field) VALUES ('Dr. Øst', 'surgery'), ('Dr. D''Arcy', 'X-ray; MRI');
INSERT INTO room SELECT floor || '.0' || n, floor FROM generate_series(0, 2) floor, generate_series(1, 4) n;
