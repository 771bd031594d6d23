import type { Facts, OrderFact } from "./facts.ts";
import { breach, type Invariant, sumBy } from "./invariant.ts";

/** Units per product in the orders of which `wanted` is true. */
function unitsOf(orders: readonly OrderFact[], wanted: (order: OrderFact) => boolean) {
  const lines = orders.filter(wanted).flatMap((order) => order.lines);
  return sumBy(
    lines,
    ({ sku }) => sku,
    ({ quantity }) => quantity,
  );
}

function countsOf({ stock, movements, orders, reservations }: Facts) {
  const of = (kind: string) =>
    sumBy(
      movements.filter((movement) => movement.kind === kind),
      ({ sku }) => sku,
      ({ onHandChange }) => onHandChange,
    );
  const [restocked, committed] = [of("restocked"), of("committed")];
  const reservedOrders = new Set(
    reservations
      .filter(({ status }) => status === "reserved" || status === "promised")
      .map(({ orderId }) => orderId),
  );
  const confirmed = unitsOf(orders, ({ saga }) => saga === "confirmed");
  const setAside = unitsOf(orders, ({ orderId }) => reservedOrders.has(orderId));
  return stock.map((counts) => ({
    ...counts,
    restocked: restocked.get(counts.sku) ?? 0,
    committed: -(committed.get(counts.sku) ?? 0),
    confirmedUnits: confirmed.get(counts.sku) ?? 0,
    reservedUnits: setAside.get(counts.sku) ?? 0,
  }));
}

/** I4 */
export const stockAddsUp: Invariant = {
  name: "I4",
  promise:
    "0 ≤ reserved ≤ on hand, and what is gone was sold: initial = on hand + committed − restocked",
  check: (facts) => {
    const counts = countsOf(facts);
    return [
      ...breach(
        "0 ≤ reserved ≤ on hand",
        counts.filter(({ reserved, onHand }) => reserved < 0 || reserved > onHand),
      ),
      ...breach(
        "initial = on hand + committed − restocked",
        counts.filter((sku) => sku.initial !== sku.onHand + sku.committed - sku.restocked),
      ),
      ...breach(
        "what is committed is what confirmed orders bought",
        counts.filter(({ committed, confirmedUnits }) => committed !== confirmedUnits),
      ),
      ...breach(
        "what is reserved is what open reservations hold",
        counts.filter(({ reserved, reservedUnits }) => reserved !== reservedUnits),
      ),
    ];
  },
};
