import type { Query, Tx } from "@holdfast/outbox";
import type { PublicStatus } from "../domain/public-status.ts";

/** One thing that the customer was told. */
export interface StatusEvent {
  /** 1, 2, 3 … within the order. */
  readonly sequence: number;
  readonly status: PublicStatus;
  readonly occurredAt: Date;
}

/** Appends a status at `at` (ms since the epoch). The order must be locked by the transaction. */
export async function appendStatus(
  tx: Tx,
  orderId: string,
  { status, at }: { readonly status: PublicStatus; readonly at: number },
): Promise<void> {
  await tx.query(
    {
      name: "status-append",
      text: `INSERT INTO order_status_events (order_id, sequence, status, occurred_at)
             SELECT $1, 1 + max(sequence), $2, $3 FROM order_status_events WHERE order_id = $1`,
    },
    [orderId, status, new Date(at)],
  );
}

/** What the customer was told after `after`, oldest first. */
export async function statusEventsAfter(
  query: Query,
  orderId: string,
  after: number,
): Promise<StatusEvent[]> {
  const { rows } = await query<StatusEvent>(
    {
      name: "status-after",
      text: `SELECT sequence, status, occurred_at AS "occurredAt" FROM order_status_events
             WHERE order_id = $1 AND sequence > $2 ORDER BY sequence`,
    },
    [orderId, after],
  );
  return rows;
}
