import type { Facts, JournalFact, OrderFact, OutboxFact, RecordFact } from "../facts.ts";

const order = (
  orderId: string,
  saga: OrderFact["saga"],
  payment: string | null = null,
): OrderFact => ({
  orderId,
  saga,
  payment,
  totalMinor: 1_000,
  currency: "USD",
  lines: [{ sku: "mug", quantity: 2 }],
});

const operation = (kind: JournalFact["kind"], orderId: string): JournalFact => ({
  key: `${orderId}/${kind}`,
  kind,
  outcome: "succeeded",
  authorizationId: `auth-${orderId}`,
  amountMinor: 1_000,
  feeMinor: kind === "capture" ? 15 : 0,
  reference: kind === "authorize" ? orderId : null,
});

const row = (type: string, entityId: string, entityVersion: number): OutboxFact => ({
  service: "order",
  id: `${type}-${entityId}`,
  topic: "orders",
  type,
  entityId,
  entityVersion,
  digest: `bytes of ${type}-${entityId}`,
  settled: true,
});

const recordOf = (
  { id, topic, type, entityId, entityVersion, digest }: OutboxFact,
  at: number,
) => ({
  topic,
  partition: 0,
  offset: String(at),
  id,
  type,
  entityId,
  entityVersion,
  digest,
  traceparent: `00-${entityId.padEnd(32, "0").replace(/[^0-9a-f]/g, "e")}-00000000000000aa-01`,
});

const strike = (fault: string, accepted: number) => ({
  fault,
  orders: 100,
  acceptedAtOnce: accepted,
  acceptedInTime: accepted,
  mustAccept: true,
  recoveryMs: 1_000,
  recoveryLimitMs: 30_000,
});

const entry = (paymentId: string, sequence: number, accounts: Record<string, number>) =>
  Object.entries(accounts).map(([account, amountMinor]) => ({
    paymentId,
    sequence,
    account,
    currency: "USD",
    amountMinor,
  }));

const outbox = [
  row("OrderPlaced", "sold", 1),
  row("OrderAccepted", "sold", 2),
  row("OrderConfirmed", "sold", 3),
  row("OrderPlaced", "cancelled", 1),
  row("OrderCancelled", "cancelled", 2),
  row("OrderPlaced", "held", 1),
];

const alert: RecordFact = {
  topic: "fraud-alerts",
  partition: 0,
  offset: "0",
  id: "alert",
  type: "FraudAlertRaised",
  entityId: null,
  entityVersion: null,
  digest: "bytes of the alert",
  traceparent: null,
};

const orders = [
  order("sold", "confirmed"),
  order("cancelled", "cancelled"),
  order("held", "pending", "held"),
];

const capture = { held: 1_000, clearing: -1_000, captured: -1_000, provider: 985, fees: 15 };

/** Three orders, one sold, one cancelled, one held, of which everything is as it should be. */
export function soundFacts(): Facts {
  return {
    shop: {
      acknowledged: orders.map(({ orderId }) => ({ orderId, key: `key-${orderId}`, atMs: 0 })),
      reads: [
        { orderId: "sold", status: "processing", atMs: 1 },
        { orderId: "sold", status: "confirmed", atMs: 2 },
      ],
      probes: [{ orderId: "sold", tookMs: 900, limitMs: 5_000 }],
      strikes: [strike("broker-stop", 100), { ...strike("kill-order", 90), mustAccept: false }],
      offsets: [1, 2].map((atMs) => ({
        atMs,
        group: "payment",
        topic: "orders",
        partition: 0,
        offset: String(atMs),
      })),
      injected: [],
      touched: [],
      surprises: [],
    },
    orders,
    payments: [
      { status: "captured", orderId: "sold" },
      { status: "voided", orderId: "cancelled" },
      { status: "held", orderId: "held" },
    ].map((one) => ({
      ...one,
      paymentId: `pay-${one.orderId}`,
      amountMinor: 1_000,
      currency: "USD",
    })),
    postings: [
      ...entry("pay-sold", 1, { held: -1_000, clearing: 1_000 }),
      ...entry("pay-sold", 2, capture),
      ...entry("pay-cancelled", 1, { held: -1_000, clearing: 1_000 }),
      ...entry("pay-cancelled", 2, { held: 1_000, clearing: -1_000 }),
      ...entry("pay-held", 1, { held: -1_000, clearing: 1_000 }),
    ],
    journal: [
      operation("authorize", "sold"),
      operation("capture", "sold"),
      operation("authorize", "cancelled"),
      operation("void", "cancelled"),
      operation("authorize", "held"),
    ],
    reservations: [
      { orderId: "sold", status: "committed" },
      { orderId: "cancelled", status: "released" },
      { orderId: "held", status: "reserved" },
    ],
    stock: [{ sku: "mug", initial: 10, onHand: 9, reserved: 2 }],
    movements: [
      { sku: "mug", kind: "restocked", orderId: null, onHandChange: 1, reservedChange: 0 },
      { sku: "mug", kind: "committed", orderId: "sold", onHandChange: -2, reservedChange: -2 },
    ],
    outbox,
    inbox: outbox.map(({ id }) => ({ group: "inventory", eventId: id })),
    parked: [],
    records: [...outbox.map(recordOf), alert],
    deadLetters: [],
    decisions: [{ decisionId: "decision", eventId: "request" }],
    groups: [
      {
        group: "inventory",
        topic: "orders",
        partition: 0,
        committed: String(outbox.length),
        end: String(outbox.length),
        reached: String(outbox.length),
        handles: null,
      },
    ],
    notifications: [
      {
        notificationId: "note",
        eventId: "alert",
        eventType: "FraudAlertRaised",
        audience: "analyst",
        channel: "log",
      },
    ],
    sink: [{ notificationId: "note", channel: "log" }],
    replay: { compared: 1, differences: [] },
    cardNumbers: [],
  };
}
