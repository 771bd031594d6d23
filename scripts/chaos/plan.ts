import type { Random } from "@holdfast/traffic";

/** A line of a basket. */
export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** A request to place an order, and how its sender misbehaves. */
export interface OrderAction {
  readonly kind: "order";
  readonly atMs: number;
  /** Index of the card, whose owner is the customer. */
  readonly card: number;
  readonly items: readonly Line[];
  readonly key: string;
  readonly twist: "none" | "again" | "twice at once" | "other body" | "invalid";
}

/** Something done to an order that happens to be there: `draw` from 0 to 1 picks it. */
export interface OtherAction {
  readonly kind: "cancel" | "refund" | "review" | "restock" | "read";
  readonly atMs: number;
  readonly draw: number;
  readonly key: string;
}

export type Action = OrderAction | OtherAction;

/** What the workload has to work with. */
export interface PlanOptions {
  readonly random: Random;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly cards: number;
  readonly scarce: readonly string[];
  readonly plentiful: readonly string[];
  /** Above 100.00. */
  readonly dear: readonly string[];
}

const rates: Readonly<Record<OtherAction["kind"], number>> = {
  cancel: 0.08,
  refund: 0.05,
  review: 0.1,
  restock: 0.03,
  read: 0.5,
};

const secondsPerFraud = 15;
const paymentsPerFraud = 4;

/** Everything that the customers and the staff of one round do, by intended time. Equal seeds, equal plans. */
export function planActions(options: PlanOptions): Action[] {
  const { random, ratePerSecond } = options;
  const orders = arrivals(random.fork("orders"), ratePerSecond, options).map((atMs) =>
    planOrder(atMs, options),
  );
  const others = Object.entries(rates).flatMap(([kind, share]) => {
    const source = random.fork(kind);
    return arrivals(source, ratePerSecond * share, options).map((atMs) => ({
      kind: kind as OtherAction["kind"],
      atMs,
      draw: source.next(),
      key: keyFrom(source),
    }));
  });
  return [...orders, ...others, ...planFraud(options)].sort((a, b) => a.atMs - b.atMs);
}

function arrivals(random: Random, perSecond: number, { seconds }: { seconds: number }): number[] {
  const times: number[] = [];
  for (let at = random.exponential(perSecond); at < seconds; at += random.exponential(perSecond)) {
    times.push(at * 1000);
  }
  return times;
}

// Begins with a word: sixteen digits alone, which come once in some thousands, may be a card's number.
function keyFrom(random: Random): string {
  const groups = Array.from({ length: 4 }, () => random.between(0, 0xffff).toString(16));
  return `key-${groups.join("-")}`;
}

function planOrder(atMs: number, options: PlanOptions): OrderAction {
  const { random, cards, scarce, plentiful } = options;
  const first = random.next() < 0.5 ? scarce : plentiful;
  const items = [{ sku: random.pick(first), quantity: random.between(1, 3) }];
  const second = random.pick(scarce);
  if (random.next() < 0.3 && second !== items[0]?.sku) items.push({ sku: second, quantity: 1 });
  return {
    kind: "order",
    atMs,
    card: random.between(0, cards - 1),
    items,
    key: keyFrom(random),
    twist: twistOf(random.next()),
  };
}

/** 20 % repeats, half of them concurrent, 2 % another body under the key, 1 % invalid. */
function twistOf(draw: number): OrderAction["twist"] {
  if (draw < 0.1) return "again";
  if (draw < 0.2) return "twice at once";
  if (draw < 0.22) return "other body";
  return draw < 0.23 ? "invalid" : "none";
}

/** Several dear payments on one card within seconds: what the velocity rule is there for. */
function planFraud({ random, seconds, cards, dear }: PlanOptions): OrderAction[] {
  const source = random.fork("fraud");
  const stories = Array.from({ length: Math.floor(seconds / secondsPerFraud) }, (_, index) => ({
    card: source.between(0, cards - 1),
    atMs: (index + source.next()) * secondsPerFraud * 1000,
  }));
  return stories.flatMap(({ card, atMs }) =>
    Array.from({ length: paymentsPerFraud }, (_, index) => ({
      kind: "order" as const,
      atMs: atMs + index * 500,
      card,
      items: [{ sku: source.pick(dear), quantity: 1 }],
      key: keyFrom(source),
      twist: "none" as const,
    })),
  );
}
