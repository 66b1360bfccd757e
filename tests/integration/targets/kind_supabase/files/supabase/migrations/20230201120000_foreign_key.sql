ALTER TABLE reading ADD FOREIGN KEY (sensor_id) REFERENCES sensor;
