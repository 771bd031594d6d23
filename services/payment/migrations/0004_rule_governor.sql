-- Up Migration

-- How many declines each rule has caused per period: what the cap counts against.
CREATE TABLE rule_declines (
  rule_id text NOT NULL,
  period_start timestamptz NOT NULL,
  declines integer NOT NULL CHECK (declines > 0),
  PRIMARY KEY (rule_id, period_start)
);

-- The audit log: when a rule used up its cap, and when a person demoted or restored it. Whether a rule is
-- demoted is what the last person's row says. Rows are only ever added.
CREATE TABLE rule_interventions (
  intervention_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule_id text NOT NULL,
  action text NOT NULL CHECK (action IN ('capped', 'demoted', 'restored')),
  -- The period whose cap was used up; only a person's rows have none.
  period_start timestamptz CHECK ((period_start IS NOT NULL) = (action = 'capped')),
  acted_by text NOT NULL,
  reason text NOT NULL CHECK (length(reason) > 0),
  acted_at timestamptz NOT NULL,
  UNIQUE (rule_id, period_start)
);
CREATE INDEX rule_interventions_by_rule ON rule_interventions (rule_id, intervention_id DESC);
CREATE TRIGGER rule_interventions_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_interventions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Down Migration

DROP TABLE rule_interventions;
DROP TABLE rule_declines;
