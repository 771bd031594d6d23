-- Up Migration

-- One row is one event that took effect in one consumer group. Kept longer than the longest replay.
CREATE TABLE inbox (
  consumer_group text NOT NULL,
  event_id uuid NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, event_id)
);
CREATE INDEX inbox_received_at ON inbox (received_at);

-- The last version that took effect, per consumer group, topic and entity; 0 before the first.
CREATE TABLE inbox_entity_positions (
  consumer_group text NOT NULL,
  topic text NOT NULL,
  entity_id text NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (consumer_group, topic, entity_id)
);

-- Records that arrived ahead of a missing predecessor, until it comes or the limit passes: the record
-- as it came, for the dead-letter topic, and the message that was read from it, for its handler.
CREATE TABLE inbox_parked (
  consumer_group text NOT NULL,
  topic text NOT NULL,
  entity_id text NOT NULL,
  entity_version bigint NOT NULL,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  event jsonb NOT NULL,
  message_key text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  timestamp_ms bigint NOT NULL,
  record_key bytea,
  record_value bytea,
  record_headers jsonb NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, entity_id, entity_version)
);
CREATE INDEX inbox_parked_age ON inbox_parked (consumer_group, parked_at);

-- Records in hand right after a start. What is left of a dead process counts against its record.
CREATE TABLE inbox_attempts (
  consumer_group text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  attempts integer NOT NULL,
  first_failed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, partition, record_offset)
);
CREATE INDEX inbox_attempts_age ON inbox_attempts (first_failed_at);

-- Down Migration

DROP TABLE inbox_attempts;
DROP TABLE inbox_parked;
DROP TABLE inbox_entity_positions;
DROP TABLE inbox;
