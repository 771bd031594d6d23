-- Up Migration

-- One row is one piece of work that is owed: a timer that will fire or a step to be carried out.
-- It is written with the effect that makes it necessary and deleted with the effect that settles it.
CREATE TABLE work_queue (
  queue text NOT NULL,
  key text NOT NULL,
  payload jsonb NOT NULL,
  due_at timestamptz NOT NULL,
  -- due_at at first, later after each failure.
  next_attempt_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  -- Who carries the work out and until when; a crashed worker's lease runs out and another takes over.
  lease uuid,
  leased_until timestamptz,
  last_error text,
  traceparent text,
  tracestate text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, key)
);
CREATE INDEX work_queue_due ON work_queue (queue, next_attempt_at);

-- Down Migration

DROP TABLE work_queue;
