import type { Facts } from "./facts.ts";
import { breach, type Invariant } from "./invariant.ts";

const connectedShare = 0.99;

/** The trace of a W3C traceparent header; null when it is none. */
function traceOf(traceparent: string | null): string | null {
  return /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? "")?.[1] ?? null;
}

/** Orders that nobody touched after their request, with the traces of their events. */
function tracesOfOrders({ records, orders, shop }: Facts) {
  const touched = new Set(shop.touched);
  const ofShop = new Set(shop.acknowledged.map(({ orderId }) => orderId));
  const byOrder = Map.groupBy(
    records.filter(({ topic }) => ["orders", "payments", "stock"].includes(topic)),
    ({ entityId }) => entityId ?? "",
  );
  return orders
    .filter(({ orderId }) => ofShop.has(orderId) && !touched.has(orderId))
    .map(({ orderId }) => ({
      orderId,
      traces: [...new Set((byOrder.get(orderId) ?? []).map((one) => traceOf(one.traceparent)))],
    }));
}

/** I13 */
export const ordersAreTraced: Invariant = {
  name: "I13",
  promise: "99 of 100 orders are one connected trace",
  check: (facts) => {
    const all = tracesOfOrders(facts);
    const broken = all.filter(({ traces }) => traces.length !== 1 || traces[0] === null);
    return broken.length <= (1 - connectedShare) * all.length
      ? []
      : breach(`events of one order share one trace; ${broken.length} of ${all.length} do not`, [
          ...broken,
        ]);
  },
};
