-- Up Migration

-- Double entry. One entry is one settled step of a payment's history; its postings are signed minor
-- units, debits above zero and credits below, and sum to zero. Rows are never changed: a mistake is
-- corrected by the entry of a later event.
CREATE TABLE ledger_postings (
  payment_id uuid NOT NULL,
  sequence integer NOT NULL,
  account text NOT NULL
    CHECK (account IN ('clearing', 'held', 'provider', 'captured', 'refunded')),
  currency char(3) NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
  PRIMARY KEY (payment_id, sequence, account),
  FOREIGN KEY (payment_id, sequence) REFERENCES payment_events
);

CREATE TRIGGER ledger_postings_append_only BEFORE UPDATE OR DELETE ON ledger_postings
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM ledger_postings
    WHERE payment_id = NEW.payment_id AND sequence = NEW.sequence
    GROUP BY currency HAVING sum(amount_minor) <> 0
  ) THEN
    RAISE EXCEPTION 'ledger entry %/% does not balance', NEW.payment_id, NEW.sequence
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
-- At commit, when the entry is whole.
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_postings
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();

-- Down Migration

DROP TABLE ledger_postings;
DROP FUNCTION refuse_unbalanced_entry;
