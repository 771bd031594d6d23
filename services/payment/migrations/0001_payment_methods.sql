-- Up Migration

-- What may be known of a card outside the vault: token, keyed fingerprint, first six, last four, brand.
CREATE TABLE payment_methods (
  payment_method_id text PRIMARY KEY,
  customer_id text NOT NULL,
  card_fingerprint text NOT NULL,
  brand text NOT NULL,
  first6 char(6) NOT NULL,
  last4 char(4) NOT NULL,
  exp_month smallint NOT NULL CHECK (exp_month BETWEEN 1 AND 12),
  exp_year smallint NOT NULL,
  created_at timestamptz NOT NULL
);

-- The card numbers, encrypted: the only place where they exist outside memory. The payment method's id
-- is bound into the ciphertext, so a row cannot be moved to another method. No security code is kept.
CREATE TABLE card_vault (
  payment_method_id text PRIMARY KEY REFERENCES payment_methods,
  sealed_number bytea NOT NULL
);

-- Down Migration

DROP TABLE card_vault;
DROP TABLE payment_methods;
