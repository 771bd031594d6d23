import { describe, expect, test } from "@jest/globals";
import { checkInvariants, invariants } from "./check.ts";
import type { Facts } from "./facts.ts";
import { soundFacts } from "./testing/sound-facts.ts";

/** The sound facts with some of them replaced. */
type Change = (facts: Facts) => Partial<Facts>;

const inShop = (facts: Facts, shop: Partial<Facts["shop"]>) => ({
  shop: { ...facts.shop, ...shop },
});

const saga =
  (orderId: string, to: Facts["orders"][number]["saga"]): Change =>
  ({ orders }) => ({
    orders: orders.map((order) =>
      order.orderId === orderId ? { ...order, saga: to, payment: null } : order,
    ),
  });

const journalPlus =
  (kind: "authorize" | "capture" | "refund", amountMinor: number): Change =>
  ({ journal }) => ({
    journal: [
      ...journal,
      {
        key: "another key",
        kind,
        outcome: "succeeded",
        authorizationId: "auth-sold",
        amountMinor,
        feeMinor: 0,
        reference: kind === "authorize" ? "sold" : null,
      },
    ],
  });

const planted: readonly [string, string, Change][] = [
  ["I1", "an entry that does not balance", ({ postings }) => ({ postings: postings.slice(0, -1) })],
  [
    "I1",
    "money left in clearing after the payment has ended",
    ({ payments }) => ({
      payments: payments.map((payment) => ({ ...payment, status: "voided" })),
    }),
  ],
  ["I1", "a refund that the ledger does not know", journalPlus("refund", 100)],
  [
    "I1",
    "a fee that the ledger does not know",
    ({ journal }) => ({ journal: journal.map((one) => ({ ...one, feeMinor: one.feeMinor + 1 })) }),
  ],
  ["I2", "a second capture", journalPlus("capture", 1_000)],
  ["I2", "a second authorisation", journalPlus("authorize", 1_000)],
  [
    "I2",
    "a capture of another amount",
    ({ orders }) => ({ orders: orders.map((order) => ({ ...order, totalMinor: 999 })) }),
  ],
  ["I3", "a refund above the capture", journalPlus("refund", 1_001)],
  [
    "I4",
    "more reserved than there is",
    ({ stock }) => ({ stock: stock.map((s) => ({ ...s, reserved: 11 })) }),
  ],
  [
    "I4",
    "units that vanished",
    ({ stock }) => ({ stock: stock.map((s) => ({ ...s, onHand: 8 })) }),
  ],
  [
    "I4",
    "a reservation that counts nowhere",
    ({ stock }) => ({ stock: stock.map((s) => ({ ...s, reserved: 0 })) }),
  ],
  ["I5", "an acknowledged order that is not stored", ({ orders }) => ({ orders: orders.slice(1) })],
  ["I5", "an order that never ends", saga("held", "accepted")],
  [
    "I5",
    "two orders for one key",
    (facts) =>
      inShop(facts, { acknowledged: facts.shop.acknowledged.map((a) => ({ ...a, key: "one" })) }),
  ],
  [
    "I5",
    "a status that goes back",
    (facts) => inShop(facts, { reads: facts.shop.reads.map((r) => ({ ...r, atMs: -r.atMs })) }),
  ],
  [
    "I5",
    "an acknowledged order that is not found",
    (facts) => inShop(facts, { reads: [{ orderId: "held", status: null, atMs: 5 }] }),
  ],
  [
    "I5",
    "a bad request that was accepted",
    (facts) => inShop(facts, { surprises: [{ what: "x", status: 202, expected: [422] }] }),
  ],
  ["I6", "a confirmed order without a capture", saga("held", "confirmed")],
  ["I6", "a cancelled order whose money was kept", saga("sold", "cancelled")],
  [
    "I6",
    "a cancelled order whose stock was kept",
    ({ reservations }) => ({
      reservations: reservations.map((r) => ({
        ...r,
        status: r.status === "released" ? "promised" : r.status,
      })),
    }),
  ],
  ["I7", "an event that never reached its topic", ({ records }) => ({ records: records.slice(1) })],
  ["I7", "a record without an outbox row", ({ outbox }) => ({ outbox: outbox.slice(0, -1) })],
  [
    "I7",
    "other bytes on the topic",
    ({ outbox }) => ({ outbox: outbox.map((row) => ({ ...row, digest: "other" })) }),
  ],
  [
    "I7",
    "events of one entity in another order",
    ({ records }) => ({
      records: records.map((r) => ({ ...r, offset: String(100 - Number(r.offset)) })),
      groups: [],
    }),
  ],
  ["I8", "an inbox that counts an event twice", ({ inbox }) => ({ inbox: [...inbox, ...inbox] })],
  [
    "I8",
    "an order that is cancelled and confirmed",
    ({ outbox }) => ({
      outbox: outbox.map((row) =>
        row.type === "OrderAccepted" ? { ...row, type: "OrderCancelled" } : row,
      ),
    }),
  ],
  [
    "I8",
    "two verdicts on one request",
    ({ decisions }) => ({ decisions: [...decisions, { decisionId: "other", eventId: "request" }] }),
  ],
  [
    "I9",
    "an output that the log does not imply",
    () => ({ replay: { compared: 0, differences: ["one"] } }),
  ],
  ["I9", "an alert that nobody was told of", () => ({ notifications: [] })],
  [
    "I9",
    "an alert that was told twice",
    ({ notifications, sink }) => ({
      notifications: [
        ...notifications,
        ...notifications.map((n) => ({ ...n, notificationId: "2", audience: "other" })),
      ],
      sink: [...sink, { notificationId: "2", channel: "log" }],
    }),
  ],
  ["I9", "a message that its sink never saw", () => ({ sink: [] })],
  ["I10", "a record that was read and forgotten", ({ inbox }) => ({ inbox: inbox.slice(1) })],
  [
    "I10",
    "a group that does not read on",
    ({ groups }) => ({ groups: groups.map((g) => ({ ...g, end: "99" })) }),
  ],
  [
    "I11",
    "an offset that goes backwards",
    (facts) => inShop(facts, { offsets: facts.shop.offsets.toReversed() }),
  ],
  [
    "I12",
    "a card number in a log",
    () => ({ cardNumbers: [{ where: "log", card: "400000…0002", encoding: "digits" }] }),
  ],
  [
    "I13",
    "events of an order in several traces",
    ({ records }) => ({
      records: records.map((r, at) => ({
        ...r,
        traceparent: `00-${String(at).padStart(32, "0")}-00000000000000aa-01`,
      })),
    }),
  ],
  [
    "I13",
    "events without a trace",
    ({ records }) => ({ records: records.map((r) => ({ ...r, traceparent: null })) }),
  ],
  [
    "I14",
    "a probe that does not end in time",
    (facts) => inShop(facts, { probes: [{ orderId: "sold", tookMs: null, limitMs: 5_000 }] }),
  ],
  [
    "I14",
    "a fault after which nothing goes on for too long",
    (facts) =>
      inShop(facts, { strikes: facts.shop.strikes.map((s) => ({ ...s, recoveryMs: 31_000 })) }),
  ],
  [
    "I15",
    "a fault that keeps orders from being accepted",
    (facts) =>
      inShop(facts, { strikes: facts.shop.strikes.map((s) => ({ ...s, acceptedInTime: 99 })) }),
  ],
];

test("facts that are as they should be violate nothing", () => {
  expect(checkInvariants(soundFacts())).toEqual([]);
});

describe("a checker that is shown", () => {
  test.each(planted)("%s: %s, sees it", (name, _, change) => {
    const facts = soundFacts();
    const violations = checkInvariants({ ...facts, ...change(facts) });
    expect(violations.map(({ invariant }) => invariant)).toContain(name);
  });
});

test("every invariant has been shown a violation", () => {
  expect(new Set(planted.map(([name]) => name))).toEqual(
    new Set(invariants.map(({ name }) => name)),
  );
});

describe("what is no violation", () => {
  test.each<[string, Change]>([
    [
      "a duplicate that a client put on a topic",
      (facts) => {
        const again = { ...facts.records[0], offset: "50" } as Facts["records"][number];
        return { records: [...facts.records, again], ...inShop(facts, { injected: [again] }) };
      },
    ],
    [
      "a record that Debezium sent twice",
      ({ records }) => ({
        records: [...records, { ...records[0], offset: "50" } as Facts["records"][number]],
      }),
    ],
    [
      "a record in the dead-letter topic",
      ({ inbox, records }) => ({
        inbox: inbox.slice(1),
        deadLetters: records.slice(0, 1).map((record) => ({ ...record, group: "inventory" })),
      }),
    ],
    [
      "a released hold",
      (facts) =>
        inShop(facts, {
          reads: ["under_review", "processing", "confirmed"].map((status, atMs) => ({
            orderId: "sold",
            status,
            atMs,
          })),
        }),
    ],
  ])("%s", (_, change) => {
    const facts = soundFacts();
    expect(checkInvariants({ ...facts, ...change(facts) })).toEqual([]);
  });
});
