import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type EventInput, engineOf, event, rule } from "../testing/payments.ts";
import type { Engine, Step } from "./types.ts";

const none = Number.NEGATIVE_INFINITY;
const hourMs = 3_600_000;

/** Every kind of state that a key can have. */
const everything = [
  rule("sliding", "window: { sliding: 60s }\nhaving: stddev(tx.amount) > 50.00"),
  rule("long", "window: { sliding: 3h }\nhaving: sum(tx.amount) > 500.00\nemit: { on: enter }"),
  rule("distinct", "window: { sliding: 90s }\nhaving: distinct(tx.merchant) >= 3"),
  rule("doubles", "window: { sliding: 60s }\nhaving: sum(tx.risk) > 1.5"),
  rule("hourly", "window: { tumbling: 1m }\nhaving: count() >= 3\nemit: { time: both }"),
  rule("visit", "window: { session: 20s }\nhaving: avg(tx.amount) > 90.00\nemit: { time: final }"),
  rule("third", "memory: 10m\nwindow: { global: { count: 3 } }\nhaving: max(tx.amount) > 200.00"),
  rule("habit", "memory: 1h\nwhere: history.count() >= 2 && tx.amount > history.avg(tx.amount)"),
  rule("idle", "memory: 1h\nwhere: history.idle() > duration('30s')"),
  rule(
    "limit",
    "memory: 1h\ntable: { as: profile, type: profile }\nwhere: tx.amount > profile.limit",
  ),
  rule(
    "unpaid",
    "join:\n  left: { as: order, type: ordered }\n  right: { as: paid, type: captured, where: paid.order == order.order }\n  between: [0s, 1m]\n  mode: missing",
  ),
  rule(
    "paid",
    "join:\n  left: { as: order, type: ordered }\n  right: { as: paid, type: captured, where: paid.order == order.order }\n  between: [0s, 1m]",
  ),
  rule(
    "pattern",
    "pattern:\n  - { as: probe, where: tx.amount < 90.00, times: 1+, until: tx.amount > 2 * max(probe0.amount) }\n  - { as: cash, link: followedBy, where: tx.amount > 2 * avg(probe.amount) }\nwithin: 60s\nskip: toNext".replace(
      "pattern:",
      "pattern:\n  - { as: probe0, where: tx.amount > 1.00 }",
    ),
  ),
].join("");

type Drawn = EventInput & { readonly at: number };

const drawn: fc.Arbitrary<readonly Drawn[]> = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 400_000 }),
    type: fc.constantFrom("payment", "payment", "payment", "ordered", "captured", "profile"),
    amount: fc.integer({ min: 100, max: 30_000 }),
    merchant: fc.constantFrom("a", "b", "c", "d"),
    order: fc.constantFrom("1", "2", null),
    risk: fc.constantFrom(0.1, 0.7, 1.3, null),
    limit: fc.integer({ min: 1_000, max: 20_000 }),
  }),
  { maxLength: 30 },
);

function events(list: readonly Drawn[]) {
  return list.map(({ at, ...fields }, i) => event(at, { ...fields, id: `e${i}` }));
}

function hex(engine: Engine, state: ReturnType<Engine["newState"]>): string {
  return Buffer.from(engine.encode(state)).toString("hex");
}

describe("state", () => {
  const engine = engineOf(everything, { dedupeHorizonMs: 100_000 });
  const boundMs = 5_000;

  /** Applies events in the order given; `between` may replace the state before each step. */
  function play(
    list: readonly Drawn[],
    between: (state: ReturnType<Engine["newState"]>) => typeof state,
  ) {
    let state = engine.newState();
    let maxAt = none;
    const said: string[] = [];
    for (const each of events(list)) {
      state = between(state);
      const step = engine.process(state, each, maxAt - boundMs - 1);
      said.push(JSON.stringify([step, step.results]));
      maxAt = Math.max(maxAt, each.at);
      state = between(state);
      said.push(JSON.stringify(engine.advance(state, maxAt - boundMs - 1)));
    }
    return { state, said, bytes: hex(engine, state) };
  }

  test("a restart before any step of any kind of rule changes no word and no byte", () => {
    const restarted = (state: ReturnType<Engine["newState"]>) =>
      engine.decode(engine.encode(state));
    fc.assert(
      fc.property(drawn, (list) => {
        const { said, bytes } = play(list, (state) => state);
        const again = play(list, restarted);
        expect(again.said).toEqual(said);
        expect(again.bytes).toBe(bytes);
      }),
      { numRuns: 150 },
    );
  });

  test("what was decoded encodes to the same bytes, and encoding changes nothing", () => {
    fc.assert(
      fc.property(drawn, (list) => {
        const { state, bytes } = play(list, (each) => each);
        expect(hex(engine, engine.decode(engine.encode(state)))).toBe(bytes);
        expect(hex(engine, state)).toBe(bytes);
      }),
      { numRuns: 100 },
    );
  });

  test("of an expired key nothing is left, whatever it was", () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 2, max: 10_000_000 }), (list, laterMs) => {
        const { state } = play(list, (each) => each);
        const { expiresAt } = engine.advance(state, none);
        const at = list.length === 0 ? laterMs : expiresAt + laterMs;
        const next = event(at, { id: "next", amount: 5_000, merchant: "z" });
        const fresh = engine.newState();
        const step = engine.process(state, next, at - 1);
        expect(JSON.stringify(step)).toBe(JSON.stringify(engine.process(fresh, next, at - 1)));
        expect(hex(engine, state)).toBe(hex(engine, fresh));
      }),
      { numRuns: 100 },
    );
  });

  test("bytes cut short or with one bit turned are refused or read, and never anything else", () => {
    const { state } = play(
      [
        { at: 1_000, type: "payment", amount: 500, merchant: "a" },
        { at: 2_000, type: "ordered", order: "1" },
        { at: 9_000, type: "payment", amount: 900, merchant: "b" },
      ],
      (each) => each,
    );
    const bytes = engine.encode(state);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), fc.boolean(), (place, bit, cut) => {
        const broken = cut ? bytes.slice(0, place) : bytes.slice();
        if (!cut) broken[place] = (broken[place] ?? 0) ^ (1 << bit);
        try {
          engine.decode(broken);
        } catch (error) {
          expect(error).toMatchObject({ name: "StateFormatError" });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("sliding windows", () => {
  const all =
    "count() >= 0 && sum(tx.amount) >= 0.00 && avg(tx.amount) >= 0.00 && max(tx.amount) >= 0.00 && min(tx.amount) >= 0.00 && stddev(tx.amount) >= 0.00 && distinct(tx.merchant) >= 0";
  const boundMs = 20_000;

  /** What a window must show for an event, from everything that arrived up to it. */
  function naive(seen: readonly Drawn[], at: number, windowMs: number) {
    const inside = seen.filter((each) => each.at <= at && each.at >= at - windowMs);
    const amounts = inside.map(({ amount }) => Number(amount));
    const sum = amounts.reduce((a, b) => a + b, 0);
    const mean = sum / amounts.length;
    const squares = amounts.reduce((a, b) => a + (b - mean) ** 2, 0);
    return {
      "count()": amounts.length,
      "sum(tx.amount)": sum,
      "avg(tx.amount)": expect.closeTo(mean, 6),
      "max(tx.amount)": Math.max(...amounts),
      "min(tx.amount)": Math.min(...amounts),
      "stddev(tx.amount)": expect.closeTo(Math.sqrt(squares / amounts.length), 3),
      "distinct(tx.merchant)": new Set(inside.map(({ merchant }) => merchant)).size,
    };
  }

  test.each([
    ["60s", 60_000, 120_000],
    ["5m", 300_000, 900_000],
    ["3h", 3 * hourMs, 12 * hourMs],
  ])(
    "of %s show what a naive recomputation shows, in and out of order",
    (text, windowMs, spanMs) => {
      const engine = engineOf(rule("w", `window: { sliding: ${text} }\nhaving: ${all}`), {
        dedupeHorizonMs: 100 * hourMs,
      });
      const inputs = fc.array(
        fc.record({
          at: fc.integer({ min: 0, max: spanMs }),
          delayMs: fc.integer({ min: 0, max: boundMs }),
          amount: fc.integer({ min: 1, max: 1_000_000 }),
          merchant: fc.constantFrom("a", "b", "c", "d", "e"),
        }),
        { maxLength: 60 },
      );
      fc.assert(
        fc.property(inputs, (list) => {
          const arriving = list.toSorted((a, b) => a.at + a.delayMs - b.at - b.delayMs);
          const state = engine.newState();
          const seen: Drawn[] = [];
          let maxAt = none;
          arriving.forEach(({ delayMs: _, ...each }, i) => {
            seen.push(each);
            const given = event(each.at, { ...each, id: `e${i}` });
            const step: Step = engine.process(state, given, maxAt - boundMs - 1);
            maxAt = Math.max(maxAt, each.at);
            expect(step.late).toBe(false);
            expect(step.results[0]?.values).toEqual(naive(seen, each.at, windowMs));
          });
        }),
        { numRuns: 60 },
      );
    },
  );
});
