import type { Facts, OrderFact, ReadFact } from "./facts.ts";
import { breach, type Invariant, repeated } from "./invariant.ts";
import { type ProviderView, providerViews } from "./money.ts";

const ended = new Set(["confirmed", "cancelled"]);

/** Ended, or waiting for a person. */
function isAtRest({ saga, payment }: OrderFact): boolean {
  return ended.has(saga) || (saga === "pending" && payment === "held");
}

const rank: Readonly<Record<string, number>> = {
  received: 0,
  processing: 1,
  under_review: 2,
  confirmed: 3,
  cancelled: 3,
};

/** Readings that tell less than an earlier one of the same order. */
function readingsThatGoBack(reads: readonly ReadFact[]): ReadFact[][] {
  return [...Map.groupBy(reads, ({ orderId }) => orderId).values()].flatMap((readings) => {
    const sorted = readings.toSorted((a, b) => a.atMs - b.atMs);
    return sorted.flatMap((reading, index) => {
      const before = sorted[index - 1];
      return before !== undefined && goesBack(before.status, reading.status)
        ? [[before, reading]]
        : [];
    });
  });
}

function goesBack(before: string | null, after: string | null): boolean {
  if (before === null || after === null || before === after) return false;
  if (ended.has(before)) return true;
  const released = before === "under_review" && after === "processing";
  return !released && (rank[after] ?? 0) < (rank[before] ?? 0);
}

/** I5 */
export const nothingAcknowledgedIsLost: Invariant = {
  name: "I5",
  promise: "every acknowledged order is stored, once per key, and ends or waits for a person",
  check: ({ shop, orders }) => {
    const stored = new Map(orders.map((order) => [order.orderId, order]));
    const distinct = new Map(shop.acknowledged.map((one) => [`${one.key} ${one.orderId}`, one]));
    const acknowledged = new Set(shop.acknowledged.map(({ orderId }) => orderId));
    return [
      ...breach(
        "an acknowledged order is stored",
        shop.acknowledged.filter(({ orderId }) => !stored.has(orderId)),
      ),
      ...breach(
        "one key, one order",
        repeated(distinct.values(), ({ key }) => key),
      ),
      ...breach(
        "an order ends or waits for a person",
        orders.filter((order) => !isAtRest(order)),
      ),
      ...breach(
        "an acknowledged order is found whenever it is read",
        shop.reads.filter(({ orderId, status }) => status === null && acknowledged.has(orderId)),
      ),
      ...breach("a request gets an answer that is its due", shop.surprises),
      ...breach("a status never goes back", readingsThatGoBack(shop.reads)),
    ];
  },
};

interface Outcome {
  readonly order: OrderFact;
  readonly reservation: string | null;
  readonly provider: ProviderView | null;
}

function outcomesOf({ orders, reservations, journal }: Facts): Outcome[] {
  const statuses = new Map(reservations.map(({ orderId, status }) => [orderId, status]));
  const views = providerViews(journal);
  return orders.map((order) => ({
    order,
    reservation: statuses.get(order.orderId) ?? null,
    provider: views.get(order.orderId) ?? null,
  }));
}

const letGo = new Set([null, "forestalled", "rejected", "released"]);

/** I6 */
export const orderMeansMoneyAndStock: Invariant = {
  name: "I6",
  promise: "confirmed ⇔ captured and stock committed; cancelled ⇒ nothing kept, stock let go",
  check: (facts) => {
    const outcomes = outcomesOf(facts);
    const known = new Set(facts.orders.map(({ orderId }) => orderId));
    const where = (condition: (outcome: Outcome) => boolean) => outcomes.filter(condition);
    const captured = ({ provider }: Outcome) => (provider?.captures.length ?? 0) > 0;
    return [
      ...breach(
        "a confirmed order is captured and its stock committed",
        where(
          (o) => o.order.saga === "confirmed" && !(captured(o) && o.reservation === "committed"),
        ),
      ),
      ...breach(
        "a captured order is confirmed, or its money went back",
        where((o) => captured(o) && o.order.saga !== "confirmed" && keptMinor(o.provider) > 0),
      ),
      ...breach(
        "committed stock belongs to a confirmed order",
        where((o) => o.reservation === "committed" && o.order.saga !== "confirmed"),
      ),
      ...breach(
        "a cancelled order keeps no money, no authorisation and no stock",
        where((o) => o.order.saga === "cancelled" && !isClean(o)),
      ),
      ...breach(
        "the provider knows no order that is not stored",
        [...providerViews(facts.journal).values()].filter(({ orderId }) => !known.has(orderId)),
      ),
    ];
  },
};

function keptMinor(provider: ProviderView | null): number {
  return provider === null ? 0 : provider.capturedMinor - provider.refundedMinor;
}

function isClean({ provider, reservation }: Outcome): boolean {
  return keptMinor(provider) === 0 && (provider?.open.length ?? 0) === 0 && letGo.has(reservation);
}
