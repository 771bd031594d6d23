import type { Query, Tx } from "@holdfast/outbox";
import type { OrderLine, PricedCart } from "../domain/price-order.ts";
import { type Progress, placed } from "../domain/progress.ts";
import { type PublicStatus, publicStatus } from "../domain/public-status.ts";
import { columnsOf, type ProgressColumns, progressOf } from "./progress-columns.ts";

/** What is known of an order from its placing on. */
export interface PlacedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly cart: PricedCart;
  /** Milliseconds since the epoch. */
  readonly placedAt: number;
}

/** An order as the process manager works on it. */
export interface LockedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly totalMinor: number;
  readonly currency: string;
  readonly status: PublicStatus;
  readonly progress: Progress;
}

/** An order as its customer sees it. */
export interface OrderView {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: PublicStatus;
  readonly totalMinor: number;
  readonly currency: string;
  readonly items: readonly OrderLine[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const insertStatement = {
  name: "order-insert",
  text: `
    WITH placed AS (
      INSERT INTO orders (order_id, customer_id, merchant_id, payment_method_id, currency,
        total_minor, status, saga, stock, payment, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
    ), told AS (
      INSERT INTO order_status_events (order_id, sequence, status, occurred_at)
      VALUES ($1, 1, $7, $11)
    )
    INSERT INTO order_items (order_id, line, sku, quantity, unit_price_minor)
    SELECT $1, line, sku, quantity, unit_price_minor
    FROM unnest($12::text[], $13::int[], $14::bigint[])
      WITH ORDINALITY AS item (sku, quantity, unit_price_minor, line)`,
};

/** Writes a new order, its lines and the first word to the customer. */
export async function insertOrder(tx: Tx, order: PlacedOrder): Promise<void> {
  const { cart } = order;
  const { saga, stock, payment } = columnsOf(placed);
  await tx.query(insertStatement, [
    order.orderId,
    order.customerId,
    cart.merchantId,
    order.paymentMethodId,
    cart.currency,
    cart.totalMinor,
    publicStatus(placed),
    saga,
    stock,
    payment,
    new Date(order.placedAt),
    cart.lines.map(({ sku }) => sku),
    cart.lines.map(({ quantity }) => quantity),
    cart.lines.map(({ unitPriceMinor }) => unitPriceMinor),
  ]);
}

/** Reads an order and locks it until the transaction ends; undefined when there is none. */
export async function lockOrder(tx: Tx, orderId: string): Promise<LockedOrder | undefined> {
  const { rows } = await tx.query<Omit<LockedOrder, "progress"> & ProgressColumns>(
    {
      name: "order-lock",
      text: `SELECT order_id AS "orderId", customer_id AS "customerId", currency, status,
               total_minor AS "totalMinor", saga, stock, payment, payment_id AS "paymentId",
               cancellation_reason AS "cancellationReason"
             FROM orders WHERE order_id = $1 FOR UPDATE`,
    },
    [orderId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { customerId, totalMinor, currency, status } = row;
  return { orderId, customerId, totalMinor, currency, status, progress: progressOf(row) };
}

const saveStatement = {
  name: "order-save",
  text: `UPDATE orders SET status = $2, saga = $3, stock = $4, payment = $5, payment_id = $6,
           cancellation_reason = $7, updated_at = $8
         WHERE order_id = $1`,
};

/** Writes how far a locked order has come at `at` (ms since the epoch); resolves to its status. */
export async function saveProgress(
  tx: Tx,
  orderId: string,
  { progress, at }: { readonly progress: Progress; readonly at: number },
): Promise<PublicStatus> {
  const status = publicStatus(progress);
  const { saga, stock, payment, paymentId, cancellationReason } = columnsOf(progress);
  const when = new Date(at);
  await tx.query(saveStatement, [
    orderId,
    status,
    saga,
    stock,
    payment,
    paymentId,
    cancellationReason,
    when,
  ]);
  return status;
}

/** Reads an order for its customer; undefined when there is none. */
export async function findOrder(query: Query, orderId: string): Promise<OrderView | undefined> {
  if (!uuid.test(orderId)) return undefined;
  const { rows } = await query<OrderView>(
    {
      name: "order-find",
      text: `SELECT order_id AS "orderId", customer_id AS "customerId", status,
               total_minor AS "totalMinor", currency, created_at AS "createdAt", updated_at AS "updatedAt",
               (SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity,
                                                  'unitPriceMinor', unit_price_minor) ORDER BY line)
                FROM order_items WHERE order_items.order_id = orders.order_id) AS items
             FROM orders WHERE order_id = $1`,
    },
    [orderId],
  );
  return rows[0];
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
