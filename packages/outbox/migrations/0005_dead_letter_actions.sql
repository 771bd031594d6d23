-- Up Migration

-- The audit log of dead letters: one row is what a person did about one of them. A dead letter without
-- a row is open. Rows are only ever added: grantService takes the right to change them, too.
CREATE TABLE dead_letter_actions (
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  action text NOT NULL CHECK (action IN ('redriven', 'discarded')),
  event_id text,
  trace_id text,
  reason text CHECK (action <> 'discarded' OR length(reason) > 0),
  acted_by text NOT NULL,
  acted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition, record_offset)
);
CREATE INDEX dead_letter_actions_acted_at ON dead_letter_actions (acted_at);

CREATE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER dead_letter_actions_append_only
  BEFORE UPDATE OR DELETE OR TRUNCATE ON dead_letter_actions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();

-- Down Migration

DROP TABLE dead_letter_actions;
DROP FUNCTION refuse_change_of_audit_log;
