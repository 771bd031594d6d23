import type { Tx } from "@holdfast/outbox";
import type { Clock } from "@holdfast/service-kit";
import { counter } from "@holdfast/telemetry";
import { type Command, decide, type Refusal } from "../domain/decide.ts";
import { evolve, type OrderEvent } from "../domain/evolve.ts";
import type { PublicStatus } from "../domain/public-status.ts";
import { type LockedOrder, lockOrder, saveProgress } from "../store/orders.ts";
import { appendStatus } from "../store/status-events.ts";

/** What carrying a command out needs besides the transaction. */
export interface CarryOutOptions {
  readonly clock: Clock;
  /** Called after the commit for each order whose public status changed. */
  readonly announce: (orderId: string) => void;
}

/**
 * Carries a command out on one order inside the caller's transaction; resolves to why it was refused,
 * if it was. Throws UnknownOrder.
 */
export type CarryOut = (tx: Tx, orderId: string, command: Command) => Promise<Refusal | undefined>;

/**
 * An answer about an order that is not here. It is tried again before it is a dead letter: change data
 * capture reads a commit before Postgres shows it to other transactions, and on a busy machine the
 * others' answers have been seen to come in between.
 */
export class UnknownOrder extends Error {
  override readonly name = "UnknownOrder";
}

/**
 * Makes CarryOut: locks the order, decides, and writes progress, status and published events together.
 * The lock makes answers that arrive at the same time wait for each other.
 */
export function createCarryOut({ clock, announce }: CarryOutOptions): CarryOut {
  return async (tx, orderId, command) => {
    const order = await lockOrder(tx, orderId);
    if (order === undefined) throw new UnknownOrder("No such order");
    const decision = decide(command, order.progress);
    if ("refusal" in decision) return decision.refusal;
    if (decision.events.length === 0) return undefined;
    const at = clock.now();
    const progress = decision.events.reduce(evolve, order.progress);
    const status = await saveProgress(tx, orderId, { progress, at });
    if (status !== order.status) {
      await appendStatus(tx, orderId, { status, at });
      tx.afterCommit(() => statusChanged(orderId, status, announce));
    }
    for (const event of decision.events) await publish(tx, event, { order, at });
    return undefined;
  };
}

/** Counts and announces a new public status; runs after the commit. */
export function statusChanged(
  orderId: string,
  status: PublicStatus,
  announce: (orderId: string) => void,
): void {
  counter("orders_total").add(1, { status });
  announce(orderId);
}

async function publish(
  tx: Tx,
  event: OrderEvent,
  { order, at }: { readonly order: LockedOrder; readonly at: number },
): Promise<void> {
  const { orderId, customerId, totalMinor: amountMinor, currency } = order;
  const fact = { orderId, customerId, occurredAt: at };
  const to = { key: customerId, entityId: orderId };
  switch (event.type) {
    case "OrderAccepted":
    case "OrderConfirmed": {
      const { paymentId } = event;
      await tx.publish("orders", event.type, { ...fact, paymentId, amountMinor, currency }, to);
      return;
    }
    case "OrderCancelled":
      await tx.publish("orders", event.type, { ...fact, reason: event.reason }, to);
      return;
    case "StockSecured":
    case "PaymentAdvanced":
      return;
  }
}
