import type { Query } from "@holdfast/outbox";
import type { Product } from "../domain/price-order.ts";

const productColumns = `sku, name, merchant_id AS "merchantId",
  unit_price_minor AS "unitPriceMinor", currency`;

/** The products of these skus, by sku; unknown ones have no entry. */
export async function findProducts(
  query: Query,
  skus: readonly string[],
): Promise<ReadonlyMap<string, Product>> {
  const { rows } = await query<Product>(
    {
      name: "products-find",
      text: `SELECT ${productColumns} FROM products WHERE sku = ANY ($1::text[])`,
    },
    [skus],
  );
  return new Map(rows.map((product) => [product.sku, product]));
}

/** At most `limit` products in ascending order of sku, those after `after`. */
export async function listProducts(
  query: Query,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<Product[]> {
  const { rows } = await query<Product>(
    `SELECT ${productColumns} FROM products WHERE sku > $1 ORDER BY sku LIMIT $2`,
    [after, limit],
  );
  return rows;
}

/** Whether there is a customer of that id. */
export async function customerExists(query: Query, customerId: string): Promise<boolean> {
  const { rowCount } = await query(
    { name: "customer-exists", text: "SELECT 1 FROM customers WHERE customer_id = $1" },
    [customerId],
  );
  return rowCount === 1;
}
