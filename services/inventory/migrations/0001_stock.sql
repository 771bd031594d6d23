-- Up Migration

-- The counts of one product. The CHECK is the last line of defence: no statement can promise a unit
-- that is not there. COLLATE "C" makes Postgres sort, and so lock, as the events do.
CREATE TABLE stock (
  sku text COLLATE "C" PRIMARY KEY,
  on_hand bigint NOT NULL,
  reserved bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT reserved_within_on_hand CHECK (0 <= reserved AND reserved <= on_hand)
);

-- What is set aside for one order; absent until the first word about that order. A forestalled row is
-- the tombstone of a cancellation that came before its reservation.
CREATE TABLE reservations (
  order_id text PRIMARY KEY,
  customer_id text NOT NULL,
  status text NOT NULL CHECK (
    status IN ('forestalled', 'rejected', 'reserved', 'promised', 'committed', 'released')),
  lines jsonb CHECK ((lines IS NOT NULL)
    = (status IN ('reserved', 'promised', 'committed', 'released'))),
  expires_at timestamptz CHECK ((expires_at IS NOT NULL) = (status = 'reserved')),
  release_reason text CHECK ((release_reason IS NOT NULL) = (status = 'released')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reservations_open ON reservations (created_at) WHERE status IN ('reserved', 'promised');

-- Every change of a count, for ever: the sums per product are its counts. The unique key keeps an
-- order from moving the same units twice in the same way, whatever the code above it does.
CREATE TABLE stock_movements (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku text COLLATE "C" NOT NULL REFERENCES stock (sku),
  kind text NOT NULL CHECK (kind IN ('initial', 'restocked', 'reserved', 'released', 'committed')),
  order_id text CHECK ((order_id IS NULL) = (kind IN ('initial', 'restocked'))),
  on_hand_change bigint NOT NULL,
  reserved_change bigint NOT NULL,
  -- Who brought units in and why.
  actor text,
  note text,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (order_id, sku, kind),
  CHECK (CASE kind
    WHEN 'initial' THEN on_hand_change >= 0 AND reserved_change = 0
    WHEN 'restocked' THEN on_hand_change > 0 AND reserved_change = 0
    WHEN 'reserved' THEN on_hand_change = 0 AND reserved_change > 0
    WHEN 'released' THEN on_hand_change = 0 AND reserved_change < 0
    ELSE on_hand_change < 0 AND reserved_change IN (0, on_hand_change) END)
);
CREATE INDEX stock_movements_sku ON stock_movements (sku, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The stock journal is append-only';
END $$;
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Down Migration

DROP TABLE stock_movements;
DROP FUNCTION refuse_change();
DROP TABLE reservations;
DROP TABLE stock;
