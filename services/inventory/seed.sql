-- Puts the catalogue's products into stock; products that are there already keep their counts.
-- $1: the catalogue as jsonb, {"products": [{"sku", "onHand", …}], …}.
WITH added AS (
  INSERT INTO stock (sku, on_hand)
  SELECT sku, "onHand" FROM jsonb_to_recordset($1::jsonb -> 'products') AS p (sku text, "onHand" bigint)
  ON CONFLICT (sku) DO NOTHING
  RETURNING sku, on_hand
)
INSERT INTO stock_movements (sku, kind, on_hand_change, reserved_change, actor)
SELECT sku, 'initial', on_hand, 0, 'seed' FROM added
