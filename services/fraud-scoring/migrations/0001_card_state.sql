-- Up Migration

-- Where each partition of card-activity stands: state and position change in one statement.
CREATE TABLE partition_position (
  partition integer PRIMARY KEY,
  -- Counts owners: a write under an older epoch changes nothing.
  epoch bigint NOT NULL,
  next_offset bigint NOT NULL,
  -- Event time, milliseconds; null before the first event.
  watermark bigint,
  -- The rule set in force; null before the first barrier.
  ruleset_generation bigint,
  ruleset_id text,
  -- The engine's memory of since when it has collected what.
  lineage jsonb
);

-- Packs by the hash of their content, as barriers carried them.
CREATE TABLE rule_pack (
  ruleset_id text PRIMARY KEY,
  files jsonb NOT NULL
);

-- Fillfactor leaves room for updates in place: no index covers a column that each event changes.
CREATE TABLE card_state (
  partition integer NOT NULL,
  card text NOT NULL,
  state bytea NOT NULL,
  next_timer_at bigint,
  -- Rounded up to the hour, so that updates stay in place; the exact time is in the state.
  forget_after bigint NOT NULL,
  PRIMARY KEY (partition, card)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX card_state_timers ON card_state (partition, next_timer_at, card COLLATE "C")
  WHERE next_timer_at IS NOT NULL;
CREATE INDEX card_state_forgettable ON card_state (partition, forget_after)
  WHERE next_timer_at IS NULL;

-- The newest decisions, for reading by id; the whole history is the topic fraud-decisions.
CREATE TABLE decision (
  decision_id uuid PRIMARY KEY,
  partition integer NOT NULL,
  input_offset bigint NOT NULL,
  card text NOT NULL,
  occurred_at bigint NOT NULL,
  payload bytea NOT NULL
);

CREATE INDEX decision_by_card ON decision (card, occurred_at DESC, decision_id DESC);
CREATE INDEX decision_by_position ON decision (partition, input_offset);

-- What people and chargebacks said of each rule's hits.
CREATE TABLE rule_quality (
  partition integer NOT NULL,
  rule_id text NOT NULL,
  rule_version integer NOT NULL,
  hits bigint NOT NULL DEFAULT 0,
  confirmed bigint NOT NULL DEFAULT 0,
  refuted bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (partition, rule_id, rule_version)
);

-- The one sequence of rule set generations, and how far the barriers of each have come.
CREATE TABLE ruleset_activation (
  generation bigint PRIMARY KEY,
  ruleset_id text NOT NULL,
  files jsonb NOT NULL,
  activated_by text NOT NULL,
  occurred_at timestamptz NOT NULL,
  published_partitions integer[] NOT NULL DEFAULT '{}'
);

-- The generation under which a pack is to be published, and where it has been published already.
-- The newest activation is resumed when it is of the same pack, or when only a first one is wanted;
-- else the pack gets the next generation, above all that any partition has seen. Callers wait for
-- each other, so no two packs share a generation.
CREATE FUNCTION claim_ruleset_generation(
  wanted_id text, wanted_files jsonb, wanted_by text, wanted_at timestamptz, only_first boolean
) RETURNS SETOF ruleset_activation LANGUAGE plpgsql AS $$
DECLARE
  newest ruleset_activation;
  seen bigint;
BEGIN
  LOCK TABLE ruleset_activation IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO newest FROM ruleset_activation ORDER BY generation DESC LIMIT 1;
  SELECT coalesce(max(ruleset_generation), 0) INTO seen FROM partition_position;
  IF newest.generation >= seen AND (only_first OR newest.ruleset_id = wanted_id) THEN
    RETURN NEXT newest;
    RETURN;
  END IF;
  RETURN QUERY
    INSERT INTO ruleset_activation (generation, ruleset_id, files, activated_by, occurred_at)
    VALUES (greatest(coalesce(newest.generation, 0), seen) + 1,
      wanted_id, wanted_files, wanted_by, wanted_at)
    RETURNING *;
END $$;

-- Down Migration

DROP FUNCTION claim_ruleset_generation;
DROP TABLE ruleset_activation;
DROP TABLE rule_quality;
DROP TABLE decision;
DROP TABLE card_state;
DROP TABLE rule_pack;
DROP TABLE partition_position;
