CREATE TABLE finding_log (LIKE finding, changed_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION log_finding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO finding_log SELECT (OLD).*;
    RETURN NEW;
END
$$;
CREATE TRIGGER log_finding BEFORE UPDATE ON finding FOR EACH ROW EXECUTE FUNCTION log_finding();
