-- Up Migration

-- What the provider keeps of a capture.
ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_account_check;
ALTER TABLE ledger_postings ADD CONSTRAINT ledger_postings_account_check
  CHECK (account IN ('clearing', 'held', 'provider', 'fees', 'captured', 'refunded'));

-- Down Migration

ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_account_check;
ALTER TABLE ledger_postings ADD CONSTRAINT ledger_postings_account_check
  CHECK (account IN ('clearing', 'held', 'provider', 'captured', 'refunded'));
