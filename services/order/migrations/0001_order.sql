-- Up Migration

CREATE TABLE customers (
  customer_id text PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
  sku text PRIMARY KEY,
  name text NOT NULL,
  merchant_id text NOT NULL,
  unit_price_minor bigint NOT NULL CHECK (unit_price_minor BETWEEN 0 AND 1000000000),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
);

-- One row is one order: what was ordered, and how far it has come.
CREATE TABLE orders (
  order_id uuid PRIMARY KEY,
  customer_id text NOT NULL REFERENCES customers,
  merchant_id text NOT NULL,
  payment_method_id text NOT NULL,
  currency text NOT NULL,
  total_minor bigint NOT NULL CHECK (total_minor >= 0),
  -- What the customer is told.
  status text NOT NULL
    CHECK (status IN ('received', 'processing', 'under_review', 'confirmed', 'cancelled')),
  -- What the process manager knows.
  saga text NOT NULL CHECK (saga IN ('pending', 'accepted', 'confirmed', 'cancelled')),
  stock text CHECK (stock IN ('awaited', 'reserved')),
  payment text CHECK (payment IN ('awaited', 'authorised', 'held', 'capturable')),
  payment_id text,
  cancellation_reason text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  -- The states that the domain can express, and no other.
  CONSTRAINT orders_expressible CHECK (
    CASE saga
      WHEN 'pending' THEN stock IS NOT NULL AND payment IS NOT NULL
        AND (payment = 'awaited') = (payment_id IS NULL)
        AND NOT (stock = 'reserved' AND payment = 'capturable')
        AND cancellation_reason IS NULL
      WHEN 'cancelled' THEN stock IS NULL AND payment IS NULL AND cancellation_reason IS NOT NULL
      ELSE stock IS NULL AND payment IS NULL AND payment_id IS NOT NULL
        AND cancellation_reason IS NULL
    END
  )
);
-- The orders under way, which are few however many have ended.
CREATE INDEX orders_under_way ON orders (saga, updated_at) WHERE saga IN ('pending', 'accepted');

CREATE TABLE order_items (
  order_id uuid NOT NULL REFERENCES orders,
  line integer NOT NULL,
  sku text NOT NULL,
  quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 999),
  unit_price_minor bigint NOT NULL,
  PRIMARY KEY (order_id, line)
);

-- What the customer was told and when: the source of every event stream, numbered per order.
CREATE TABLE order_status_events (
  order_id uuid NOT NULL REFERENCES orders,
  sequence integer NOT NULL,
  status text NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (order_id, sequence)
);

-- Change events of these two carry the whole row as it was before.
ALTER TABLE orders REPLICA IDENTITY FULL;
ALTER TABLE customers REPLICA IDENTITY FULL;

-- Down Migration

DROP TABLE order_status_events;
DROP TABLE order_items;
DROP TABLE orders;
DROP TABLE products;
DROP TABLE customers;
