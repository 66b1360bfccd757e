-- Up Migration
CREATE TABLE currencies (code char(3) PRIMARY KEY CHECK (code = upper(code)), digits smallint NOT NULL DEFAULT 2);
INSERT INTO currencies VALUES ('EUR'), ('USD');
INSERT INTO currencies VALUES ('JPY', 0);

-- Down Migration
DROP TABLE currencies;
