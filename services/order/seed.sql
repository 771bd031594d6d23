-- The catalogue (infra/seed/catalogue.json) is the parameter of each statement. Rows that exist stay.

INSERT INTO products (sku, name, merchant_id, unit_price_minor, currency)
SELECT sku, name, "merchantId", "unitPriceMinor", currency
FROM jsonb_to_recordset($1::jsonb -> 'products')
  AS product (sku text, name text, "merchantId" text, "unitPriceMinor" bigint, currency text)
ON CONFLICT DO NOTHING;

INSERT INTO customers (customer_id, name, email)
SELECT "customerId", name, email
FROM jsonb_to_recordset($1::jsonb -> 'customers')
  AS customer ("customerId" text, name text, email text)
ON CONFLICT DO NOTHING;
