import { describe, expect, test } from "@jest/globals";
import type { Engine, FinalResult, Step } from "../engine/types.ts";
import { engineOf, event, rule } from "../testing/payments.ts";

const none = Number.NEGATIVE_INFINITY;

/** Pushes `[time, amount]` pairs as payments; the watermark stays behind everything. */
function push(engine: Engine, payments: readonly (readonly [number, number])[]): readonly Step[] {
  const state = engine.newState();
  return payments.map(([at, amount], i) =>
    engine.process(state, event(at, { id: `e${i + 1}`, amount }), none),
  );
}

function hits(steps: readonly Step[]): readonly number[] {
  return steps.flatMap((step, i) => (step.results[0]?.outcome === "hit" ? [i + 1] : []));
}

function alerts(steps: readonly Step[]): readonly number[] {
  return steps.flatMap((step, i) => step.alerts.map(() => i + 1));
}

function value(step: Step | undefined, name: string): unknown {
  return step?.results[0]?.values[name];
}

describe("sliding windows", () => {
  const sum = engineOf(
    rule("spend", "window: { sliding: 10m }\nhaving: sum(tx.amount) > 10000.00"),
  );

  test("an event exactly as old as the window counts, one millisecond older does not", () => {
    const young = push(sum, [
      [0, 500_000],
      [600_000, 500_001],
    ]);
    expect(hits(young)).toEqual([2]);
    const old = push(sum, [
      [0, 500_000],
      [600_001, 500_001],
    ]);
    expect(hits(old)).toEqual([]);
  });

  test("a sum at the limit is not above it", () => {
    expect(
      hits(
        push(sum, [
          [0, 500_000],
          [1, 500_000],
        ]),
      ),
    ).toEqual([]);
  });

  test("after a million additions and evictions the sum is exact, and exactly 0 when all are gone", () => {
    const engine = engineOf(
      rule(
        "spend",
        'over: tx.type == "refund"\nwindow: { sliding: 1s }\nhaving: sum(tx.amount) >= 0.00',
      ),
    );
    const state = engine.newState();
    const amount = (i: number): number => (i * 7_919) % 1_000_003;
    for (let i = 0; i < 1_000_000; i++) {
      const refund = { id: `e${i}`, type: "refund", amount: amount(i) };
      engine.process(state, event(i * 250, refund), i * 250 - 1_000);
    }
    const last = 999_999 * 250;
    const full = engine.process(state, event(last, { id: "full" }), last - 1_000);
    const expected = [4, 3, 2, 1, 0].map((back) => amount(999_999 - back));
    expect(value(full, "sum(tx.amount)")).toBe(expected.reduce((a, b) => a + b, 0));
    const empty = engine.process(state, event(last + 1_001, { id: "empty" }), last);
    expect(value(empty, "sum(tx.amount)")).toBe(0);
  });

  test("enter alerts when the threshold is crossed, every hit is a hit all the same", () => {
    const payments = [
      [0, 900_000],
      [1, 100_100],
      [2, 199_900],
      [600_001, 699_900],
      [600_002, 100_300],
    ] as const;
    const body = "window: { sliding: 10m }\nhaving: sum(tx.amount) > 10000.00";
    const enter = push(engineOf(rule("spend", `${body}\nemit: { on: enter }`)), payments);
    expect(enter.map((step) => value(step, "sum(tx.amount)"))).toEqual([
      900_000, 1_000_100, 1_200_000, 999_900, 1_000_100,
    ]);
    expect(hits(enter)).toEqual([2, 3, 5]);
    expect(alerts(enter)).toEqual([2, 5]);
    const every = push(engineOf(rule("spend", `${body}\nemit: { on: every }`)), payments);
    expect(alerts(every)).toEqual([2, 3, 5]);
  });

  test("cooldown silences alerts, never the verdict", () => {
    const engine = engineOf(
      rule("any", "where: tx.amount > 1.00\nemit: { on: every, cooldown: 10m }"),
    );
    const steps = push(engine, [
      [0, 200],
      [1, 200],
      [599_999, 200],
      [600_000, 200],
    ]);
    expect(hits(steps)).toEqual([1, 2, 3, 4]);
    expect(alerts(steps)).toEqual([1, 4]);
  });

  test.each<[string, readonly (readonly [number, number])[], readonly unknown[]]>([
    [
      "max(tx.amount)",
      [
        [0, 500],
        [1, 700],
        [2, 700],
        [1_002, 100],
        [1_003, 50],
      ],
      [500, 700, 700, 700, 100],
    ],
    [
      "min(tx.amount)",
      [
        [0, 500],
        [1, 300],
        [2, 900],
        [1_002, 950],
      ],
      [500, 300, 300, 900],
    ],
    [
      "max(tx.amount)",
      [
        [0, 100],
        [900, 300],
        [400, 900],
        [1_300, 200],
        [1_500, 50],
      ],
      [100, 300, 900, 900, 300],
    ],
    [
      "stddev(tx.amount)",
      [
        [0, 777],
        [1, 777],
        [2, 777],
        [1_002, 777],
      ],
      [0, 0, 0, 0],
    ],
    [
      "stddev(tx.amount)",
      [
        [0, 200],
        [1, 400],
      ],
      [0, 100],
    ],
    [
      "avg(tx.amount)",
      [
        [0, 200],
        [1, 400],
        [1_001, 100],
      ],
      [200, 300, 250],
    ],
  ])("%s over one second of %j", (call, payments, expected) => {
    const engine = engineOf(rule("any", `window: { sliding: 1s }\nhaving: ${call} >= 0.00`));
    expect(push(engine, payments).map((step) => value(step, call))).toEqual(expected);
  });

  test("distinct counts values, not events", () => {
    const engine = engineOf(
      rule("shops", "window: { sliding: 1s }\nhaving: distinct(tx.merchant) >= 3"),
    );
    const state = engine.newState();
    const seen = ["a", "b", "a", "c", "c"].map((merchant, i) =>
      engine.process(state, event(i * 400, { merchant }), none),
    );
    expect(seen.map((step) => value(step, "distinct(tx.merchant)"))).toEqual([1, 2, 2, 3, 2]);
  });

  test("a sum of doubles does not drift", () => {
    const engine = engineOf(rule("risk", "window: { sliding: 1s }\nhaving: sum(tx.risk) > 100.0"));
    const state = engine.newState();
    let last: Step | undefined;
    for (let i = 0; i < 1_000; i++)
      last = engine.process(state, event(i * 600, { risk: 0.1 + i }), none);
    expect(value(last, "sum(tx.risk)")).toBe(998.1 + 999.1);
  });

  test("an event out of order answers for its own past and corrects what came after", () => {
    const engine = engineOf(rule("three", "window: { sliding: 60s }\nhaving: count() >= 3"));
    const steps = push(engine, [
      [10_000, 100],
      [20_000, 100],
      [15_000, 100],
    ]);
    expect(steps.map((step) => value(step, "count()"))).toEqual([1, 2, 2]);
    expect(steps[2]?.alerts).toMatchObject([
      { matchId: "e2", revision: 1, holds: true, eventIds: ["e1", "e3", "e2"] },
    ]);
    expect(steps[2]?.outcome).toBe("approve");
  });

  test("the window filled by other events is judged at payments", () => {
    const engine = engineOf(
      rule(
        "declines",
        'over: tx.type == "declined"\nwindow: { sliding: 1h }\nhaving: count() >= 2',
      ),
    );
    const state = engine.newState();
    const types = ["declined", "payment", "declined", "payment"];
    const steps = types.map((type, i) => engine.process(state, event(i, { type }), none));
    expect(hits(steps)).toEqual([4]);
    expect(steps[3]?.results[0]?.eventIds).toEqual(["e0", "e2"]);
  });
});

describe("windows that close", () => {
  function close(body: string, times: readonly number[], watermark: number) {
    const engine = engineOf(rule("closing", `${body}\nemit: { time: final }`));
    const state = engine.newState();
    for (const at of times) engine.process(state, event(at, { amount: 100 }), none);
    const spans = engine.advance(state, watermark).finals.flatMap((final) => final.window ?? []);
    return spans.map(({ start, end }) => [start, end]);
  }

  test.each<[readonly number[], number, readonly (readonly number[])[]]>([
    [[59_999], 59_998, []],
    [[59_999], 59_999, [[0, 60_000]]],
    [[59_999, 60_000], 59_999, [[0, 60_000]]],
    [
      [59_999, 60_000],
      119_999,
      [
        [0, 60_000],
        [60_000, 120_000],
      ],
    ],
    [[-1], 0, [[-60_000, 0]]],
  ])("tumbling minutes of %j at watermark %d", (times, watermark, expected) => {
    const body = "window: { tumbling: 60s }\nhaving: count() >= 1";
    expect(close(body, times, watermark)).toEqual(expected);
  });

  test("a session ends with its gap; events exactly a gap apart belong together", () => {
    const body = "window: { session: 10s }\nhaving: count() >= 1";
    expect(close(body, [0, 10_000, 20_001], 100_000)).toEqual([
      [0, 20_000],
      [20_001, 30_001],
    ]);
    expect(close(body, [0, 20_000, 10_000], 100_000)).toEqual([[0, 30_000]]);
  });

  test("a global window fires by count, or by time from its first event", () => {
    const byCount = engineOf(
      rule(
        "hundred",
        "memory: 1d\nwindow: { global: { count: 3 } }\nhaving: sum(tx.amount) > 2.00",
      ),
    );
    const state = byCount.newState();
    const finals: FinalResult[] = [];
    for (let i = 0; i < 7; i++)
      finals.push(...byCount.process(state, event(i, { amount: 100 }), none).finals);
    expect(finals.map((final) => [final.window?.start, final.outcome])).toEqual([
      [0, "review"],
      [3, "review"],
    ]);
    const body = "memory: 1d\nwindow: { global: { time: 10s } }\nhaving: count() >= 1";
    expect(close(body, [5_000, 6_000, 20_000], 100_000)).toEqual([
      [5_000, 15_000],
      [20_000, 30_000],
    ]);
  });

  test("late events within the allowed lateness revise a closed window, later ones do not", () => {
    const engine = engineOf(
      rule("hourly", "window: { tumbling: 60s }\nhaving: count() >= 2\nemit: { time: final }"),
      { allowedLatenessMs: 30_000 },
    );
    const state = engine.newState();
    engine.process(state, event(10, { id: "a" }), none);
    const first = engine.advance(state, 59_999);
    expect(first.finals.at(-1)).toMatchObject({ revision: 0, outcome: "approve" });
    const late = engine.process(state, event(20, { id: "b" }), 60_000);
    const revised = [...late.finals, ...engine.advance(state, 60_001).finals];
    expect(revised.filter((final) => final.window)).toMatchObject([
      { revision: 1, outcome: "review" },
    ]);
    const tooLate = engine.process(state, event(30, { id: "c" }), 95_000);
    expect(tooLate).toMatchObject({ late: true, finals: [] });
  });

  test("early and final alerts of one window carry the same match id", () => {
    const engine = engineOf(
      rule("both", "window: { tumbling: 60s }\nhaving: count() >= 2\nemit: { time: both }"),
    );
    const state = engine.newState();
    engine.process(state, event(1), none);
    const early = engine.process(state, event(2), none).alerts;
    const final = engine.advance(state, 60_000).alerts;
    expect([...early, ...final].map(({ time, matchId }) => [time, matchId])).toEqual([
      ["early", "0"],
      ["final", "0"],
    ]);
  });
});
