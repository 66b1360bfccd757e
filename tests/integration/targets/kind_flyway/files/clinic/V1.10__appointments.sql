CREATE EXTENSION btree_gist;
CREATE TABLE appointment (
    patient_id bigint NOT NULL REFERENCES patient,
    doctor_id integer NOT NULL REFERENCES doctor,
    room text NOT NULL REFERENCES room,
    during tstzrange NOT NULL,
    CONSTRAINT one_at_a_time EXCLUDE USING gist (doctor_id WITH =, during WITH &&)
);
