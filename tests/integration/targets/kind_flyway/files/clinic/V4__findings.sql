CREATE TYPE severity AS ENUM ('none', 'mild', 'grave');
CREATE TABLE finding (
    patient_id bigint REFERENCES patient,
    found_on date DEFAULT current_date,
    severity severity NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (patient_id, found_on)
);
CREATE INDEX finding_details ON finding USING gin (details jsonb_path_ops);
