INSERT INTO station VALUES ('ZUG', '(10.98, 47.42)', 2962), ('HEL', '(7.89, 54.18)', 4);
INSERT INTO sensor (station, unit) SELECT code, unit FROM station, unnest(ARRAY['°C', 'hPa', '%']) AS unit;
