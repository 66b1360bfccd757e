DROP TABLE finding;
DROP TYPE severity;
