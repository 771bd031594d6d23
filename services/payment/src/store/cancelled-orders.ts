import type { Tx } from "@holdfast/outbox";

/** Remembers that an order was cancelled before its payment began; harmless when repeated. */
export async function rememberCancelledOrder(tx: Tx, orderId: string, at: number): Promise<void> {
  await tx.query(
    `INSERT INTO cancelled_orders (order_id, cancelled_at) VALUES ($1, to_timestamp($2::float8 / 1000))
     ON CONFLICT DO NOTHING`,
    [orderId, at],
  );
}

/** Whether an order was cancelled before its payment began. */
export async function isOrderCancelled(tx: Tx, orderId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    { name: "order-cancelled", text: "SELECT FROM cancelled_orders WHERE order_id = $1" },
    [orderId],
  );
  return rowCount === 1;
}
