import { setTimeout as delay } from "node:timers/promises";
import { inParallel } from "./in-parallel.ts";
import type { OrderView, ShopClient } from "./shop-client.ts";

/** States in which an order stays, for as long as no person acts. */
const settled: ReadonlySet<string> = new Set(["confirmed", "cancelled", "under_review"]);

/** Whether the order has come to rest. */
export function isSettled(order: OrderView | undefined): order is OrderView {
  return order !== undefined && settled.has(order.status);
}

/** Polls the orders until all have come to rest or `limitMs` have passed; then whatever was seen last. */
export async function followOrders(
  client: Pick<ShopClient, "readOrder">,
  orderIds: readonly string[],
  { limitMs, everyMs = 500 }: { readonly limitMs: number; readonly everyMs?: number },
): Promise<ReadonlyMap<string, OrderView>> {
  const seen = new Map<string, OrderView>();
  const endsAt = performance.now() + limitMs;
  for (;;) {
    const open = orderIds.filter((orderId) => !isSettled(seen.get(orderId)));
    await inParallel(open, 16, async (orderId) => {
      const order = await client.readOrder(orderId);
      if (order !== undefined) seen.set(orderId, order);
    });
    const done = orderIds.every((orderId) => isSettled(seen.get(orderId)));
    if (done || performance.now() >= endsAt) return seen;
    await delay(everyMs);
  }
}
