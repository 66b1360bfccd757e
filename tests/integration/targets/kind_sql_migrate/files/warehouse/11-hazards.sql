-- +migrate Up
CREATE TYPE hazard AS ENUM ('flammable', 'toxic', 'corrosive');
ALTER TABLE article ADD COLUMN hazards hazard[] NOT NULL DEFAULT '{}';
CREATE INDEX article_hazards ON article USING gin (hazards);

-- +migrate Down
DROP INDEX article_hazards;
ALTER TABLE article DROP COLUMN hazards;
DROP TYPE hazard;
