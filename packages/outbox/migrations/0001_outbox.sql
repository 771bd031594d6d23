-- Up Migration

-- One row is one event on its way to Kafka. Rows are inserted, read from the write-ahead log, kept for
-- days (a lost replication slot is healed by a snapshot of them) and deleted; they are never updated.
CREATE TABLE outbox (
  id uuid PRIMARY KEY,
  aggregatetype text NOT NULL,
  aggregateid text NOT NULL,
  type text NOT NULL,
  payload bytea NOT NULL,
  entity_id text NOT NULL,
  entity_version bigint NOT NULL CHECK (entity_version > 0),
  partition integer CHECK (partition >= 0),
  traceparent text,
  tracestate text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Where in the log this row was written: behind the slot's confirmed position = published.
  lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn(),
  UNIQUE (aggregatetype, entity_id, entity_version)
);
CREATE INDEX outbox_created_at ON outbox (created_at);
CREATE INDEX outbox_lsn ON outbox (lsn);

-- The last version given out per topic and entity. The row lock serialises the writers of one entity,
-- so versions ascend in commit order. Kept for ever: a version that restarts at one would be skipped as
-- stale by every consumer.
CREATE TABLE outbox_entity_versions (
  topic text NOT NULL,
  entity_id text NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (topic, entity_id)
);

-- Inserts only: the retention sweep's deletes must not reach the connector.
CREATE PUBLICATION holdfast_outbox FOR TABLE outbox WITH (publish = 'insert');

-- Down Migration

DROP PUBLICATION holdfast_outbox;
DROP TABLE outbox_entity_versions;
DROP TABLE outbox;
