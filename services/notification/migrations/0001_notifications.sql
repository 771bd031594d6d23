-- Up Migration

-- One row is one message to one audience by one channel. The unique key is the promise: an event is
-- told at most once per audience and channel. The work queue owes the delivery until delivered_at.
CREATE TABLE notifications (
  id uuid PRIMARY KEY,
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  audience text NOT NULL CHECK (audience IN ('customer', 'analyst')),
  channel text NOT NULL,
  customer_id text NOT NULL,
  order_id text,
  subject text NOT NULL,
  body text NOT NULL,
  details jsonb,
  trace_id text,
  occurred_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  delivered_at timestamptz,
  UNIQUE (event_id, audience, channel)
);
CREATE INDEX notifications_by_customer ON notifications (customer_id, id DESC);
CREATE INDEX notifications_by_audience ON notifications (audience, id DESC);
CREATE INDEX notifications_pending ON notifications (channel) WHERE delivered_at IS NULL;

-- Down Migration

DROP TABLE notifications;
