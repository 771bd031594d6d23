-- Up Migration

-- One row is one payment as it stands. `state` is the fold of its history and is kept beside it: a
-- transaction that waited for the row's lock sees the newest state, but would fold an old history.
CREATE TABLE payments (
  payment_id uuid PRIMARY KEY,
  order_id uuid NOT NULL UNIQUE,
  customer_id text NOT NULL,
  merchant_id text NOT NULL,
  payment_method_id text NOT NULL REFERENCES payment_methods,
  card_fingerprint text NOT NULL,
  card_brand text NOT NULL,
  card_first6 char(6) NOT NULL,
  card_last4 char(4) NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency char(3) NOT NULL,
  base_amount_minor bigint NOT NULL CHECK (base_amount_minor >= 0),
  base_currency char(3) NOT NULL,
  -- The partition of card-activity that the request went to.
  card_partition integer NOT NULL,
  requested_at timestamptz NOT NULL,
  verdict jsonb,
  state jsonb NOT NULL,
  status text NOT NULL GENERATED ALWAYS AS (state ->> 'status') STORED,
  -- How many events the history has.
  version integer NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX payments_by_status ON payments (status, payment_id);
CREATE INDEX payments_by_card_partition ON payments (card_partition, requested_at);

-- Everything that happened to a payment, for ever: the audit log, and what a ledger is posted from.
CREATE TABLE payment_events (
  payment_id uuid NOT NULL REFERENCES payments,
  sequence integer NOT NULL CHECK (sequence > 0),
  type text NOT NULL,
  data jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (payment_id, sequence)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER payment_events_append_only BEFORE UPDATE OR DELETE ON payment_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Orders whose cancellation came before they did.
CREATE TABLE cancelled_orders (
  order_id uuid PRIMARY KEY,
  cancelled_at timestamptz NOT NULL
);

-- Down Migration

DROP TABLE cancelled_orders;
DROP TABLE payment_events;
DROP FUNCTION refuse_change;
DROP TABLE payments;
