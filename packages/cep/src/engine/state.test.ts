import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { KeyedRunner } from "../host/keyed-runner.ts";
import { engineOf, event, packOf, rule } from "../testing/payments.ts";
import { StateFormatError } from "./bytes.ts";
import { createEngine, nextLineage } from "./engine.ts";
import type { Engine, Step } from "./types.ts";

const none = Number.NEGATIVE_INFINITY;

const rules = [
  rule(
    "velocity",
    "where: tx.amount > 100.00\nwindow: { sliding: 60s }\nhaving: count() >= 3\nemit: { on: enter, cooldown: 1m }",
  ),
  rule("spread", "window: { sliding: 90s }\nhaving: max(tx.amount) - min(tx.amount) > 200.00"),
  rule("shops", "window: { sliding: 60s }\nhaving: distinct(tx.merchant) >= 3"),
  rule(
    "habit",
    "memory: 1h\nwhere: history.count() >= 3 && tx.amount > 2 * history.avg(tx.amount)",
  ),
  rule(
    "hourly",
    "window: { tumbling: 60s }\nhaving: sum(tx.amount) > 300.00\nemit: { time: both }",
  ),
  rule("visit", "window: { session: 20s }\nhaving: count() >= 4\nemit: { time: final }"),
  rule(
    "testing",
    'pattern:\n  - { as: probe, where: "tx.amount < 50.00", times: 2 }\n  - { as: refund, not: followedBy, where: \'tx.type == "refund"\' }\n  - { as: cash, where: "tx.amount > 3 * max(probe.amount)" }\nwithin: 60s',
  ),
  rule(
    "silence",
    "pattern:\n  - { as: big, where: tx.amount > 250.00 }\n  - { as: more, not: followedBy, where: tx.amount > 1.00 }\nwithin: 30s",
  ),
].join("");

type Input = {
  readonly at: number;
  readonly amount: number;
  readonly merchant: string;
  readonly type: string;
};

const inputs = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 200_000 }),
    amount: fc.integer({ min: 100, max: 40_000 }),
    merchant: fc.constantFrom("a", "b", "c", "d"),
    type: fc.constantFrom("payment", "payment", "payment", "refund"),
  }),
  { maxLength: 40 },
);

const boundMs = 5_000;

/** Everything a run brings out, as text. */
function play(
  engine: Engine,
  events: readonly (Input & { readonly id: string })[],
  restart: (i: number) => boolean,
) {
  let state = engine.newState();
  let maxAt = none;
  const out: string[] = [];
  events.forEach((input, i) => {
    if (restart(i)) state = engine.decode(engine.encode(state));
    const step = engine.process(state, event(input.at, input), maxAt - boundMs - 1);
    out.push(JSON.stringify([step, step.results]));
    maxAt = Math.max(maxAt, input.at);
    out.push(JSON.stringify(engine.advance(state, maxAt - boundMs - 1)));
  });
  out.push(JSON.stringify(engine.advance(state, maxAt + 10_000_000)));
  return { out, bytes: Buffer.from(engine.encode(state)).toString("hex") };
}

function named(list: readonly Input[]) {
  return list.map((input, i) => ({ ...input, id: `e${i}` }));
}

describe("properties", () => {
  const engine = engineOf(rules, { dedupeHorizonMs: 1_000_000 });

  test("a restart at any point is no restart, byte for byte", () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 1, max: 5 }), (list, every) => {
        const sorted = named(list.toSorted((a, b) => a.at - b.at));
        for (const events of [named(list), sorted]) {
          const whole = play(engine, events, () => false);
          const restarted = play(engine, events, (i) => i % every === 0);
          expect(restarted).toEqual(whole);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("permuting the input within the bound never changes final output", () => {
    const final = createEngine(packOf(rules), { time: "final", dedupeHorizonMs: 1_000_000 });
    const finals = (events: readonly (Input & { readonly id: string })[]): readonly string[] => {
      const said: string[] = [];
      const runner = new KeyedRunner(final, {
        boundMs,
        onStep: (_key, _event, step) =>
          said.push(...step.finals.map((f) => JSON.stringify([f, f.results]))),
        onTime: (_key, tail) =>
          said.push(
            ...tail.finals.map((f) => JSON.stringify([f, f.results])),
            ...tail.alerts.map((a) => JSON.stringify(a)),
          ),
      });
      for (const input of events) runner.push("c", event(input.at, input));
      runner.finish();
      return said;
    };
    fc.assert(
      fc.property(
        inputs,
        fc.array(fc.integer({ min: 0, max: boundMs }), { minLength: 40, maxLength: 40 }),
        (list, delays) => {
          const times = new Set<number>();
          const unique = list.filter(({ at }) => !times.has(at) && times.add(at));
          const sorted = named(unique.toSorted((a, b) => a.at - b.at));
          const delayed = sorted
            .map((input, i) => ({ input, arrival: input.at + (delays[i] ?? 0) }))
            .toSorted((a, b) => a.arrival - b.arrival)
            .map(({ input }) => input);
          expect(finals(delayed)).toEqual(finals(sorted));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("sliding results are those of a naive recomputation", () => {
    const window = engineOf(
      rule(
        "w",
        "window: { sliding: 60s }\nhaving: count() >= 0 && sum(tx.amount) >= 0.00 && max(tx.amount) >= 0.00 && min(tx.amount) >= 0.00 && distinct(tx.merchant) >= 0",
      ),
    );
    fc.assert(
      fc.property(inputs, (list) => {
        const state = window.newState();
        const seen: Input[] = [];
        named(list).forEach((input) => {
          const step = window.process(state, event(input.at, { ...input, type: "payment" }), none);
          seen.push(input);
          const inside = seen.filter(({ at }) => at <= input.at && at >= input.at - 60_000);
          const amounts = inside.map(({ amount }) => amount);
          const oldest = Math.max(...seen.map(({ at }) => at)) - 60_000;
          if (input.at < oldest + 60_000) return;
          expect(step.results[0]?.values).toEqual({
            "count()": inside.length,
            "sum(tx.amount)": amounts.reduce((a, b) => a + b, 0),
            "max(tx.amount)": Math.max(...amounts),
            "min(tx.amount)": Math.min(...amounts),
            "distinct(tx.merchant)": new Set(inside.map(({ merchant }) => merchant)).size,
          });
        });
      }),
      { numRuns: 100 },
    );
  });

  test("no pattern input of 1,000 events breaks a bound", () => {
    const greedy = engineOf(
      rule(
        "any",
        "pattern:\n  - { as: a, times: 1+, combinations: true }\n  - { as: b, link: followedByAny }\nwithin: 1d",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 100, maxLength: 100 }),
        (gaps) => {
          const state = greedy.newState();
          let at = 0;
          for (let i = 0; i < 1_000; i++) {
            at += gaps[i % 100] ?? 0;
            const step = greedy.process(state, event(at, { id: `e${i}`, amount: 100 }), at - 6_000);
            expect(step.alerts.length).toBeLessThanOrEqual(40);
          }
          expect(greedy.encode(state).length).toBeLessThan(100_000);
        },
      ),
      { numRuns: 3 },
    );
  });
});

describe("duplicates, lateness and expiry", () => {
  const engine = engineOf(rule("three", "window: { sliding: 60s }\nhaving: count() >= 3"), {
    dedupeHorizonMs: 100_000,
  });

  test("a duplicate event id counts once", () => {
    const state = engine.newState();
    const ids = ["a", "a", "b", "a", "c"];
    const steps = ids.map((id, i) => engine.process(state, event(i, { id }), none));
    expect(steps.map((step) => step.disposition)).toEqual([
      "judged",
      "duplicate",
      "judged",
      "duplicate",
      "judged",
    ]);
    expect(steps.at(-1)?.results[0]?.values["count()"]).toBe(3);
  });

  test("an event at the watermark is late, one after it is not, one beyond the horizon is nothing", () => {
    const state = engine.newState();
    expect(engine.process(state, event(5_000), 4_999)).toMatchObject({ late: false });
    expect(engine.process(state, event(4_999), 4_999)).toMatchObject({
      late: true,
      disposition: "judged",
    });
    expect(engine.process(state, event(1_000), 101_001)).toMatchObject({
      disposition: "too_late",
      results: [],
    });
  });

  test("an expired state is a new one, whether or not anybody deleted it", () => {
    const kept = engine.newState();
    engine.process(kept, event(0, { id: "a" }), none);
    const step = engine.process(kept, event(500_000, { id: "b" }), 400_000);
    const fresh = engine.newState();
    engine.process(fresh, event(500_000, { id: "b" }), 400_000);
    expect(Buffer.from(engine.encode(kept))).toEqual(Buffer.from(engine.encode(fresh)));
    expect(step.expiresAt).toBe(600_000);
  });

  test("keys that are never seen again are gone once time has passed", () => {
    const runner = new KeyedRunner(engine, {
      boundMs: 0,
      onStep: () => undefined,
      onTime: () => undefined,
    });
    for (let i = 0; i < 10_000; i++) runner.push(`card-${i}`, event(i, { id: `e${i}` }));
    expect(runner.size).toBe(10_000);
    runner.push("clock", event(1_000_000));
    expect(runner.size).toBe(1);
  });

  test.each(["declared", "final"] as const)("no key knows of another (%s)", (time) => {
    const all = engineOf(rules, { time });
    const untouched = Buffer.from(all.encode(all.newState()));
    const one = all.newState();
    const other = all.newState();
    for (let i = 0; i < 5; i++) all.process(one, event(i * 1_000, { amount: 15_000 }), none);
    expect(Buffer.from(all.encode(other))).toEqual(untouched);
    expect(all.advance(other, 1_000_000)).toMatchObject({
      dueAt: undefined,
      alerts: [],
      finals: [],
    });
    expect(Buffer.from(all.encode(all.newState()))).toEqual(untouched);
  });

  test("advancing without anything due changes nothing, not a byte", () => {
    const all = engineOf(rules);
    const state = all.newState();
    const step = all.process(state, event(1_000, { amount: 10 }), none);
    const before = Buffer.from(all.encode(state));
    all.advance(state, (step.dueAt ?? 1_001) - 1);
    expect(Buffer.from(all.encode(state))).toEqual(before);
  });
});

describe("bounds", () => {
  test("10,000 payments on one card stay bounded, flagged, and are not lost", () => {
    const engine = engineOf(rule("flood", "window: { sliding: 60s }\nhaving: count() >= 5000"));
    const state = engine.newState();
    let last: Step | undefined;
    for (let i = 0; i < 10_000; i++) {
      last = engine.process(
        state,
        event(i * 6, { id: `0192f0c1-7a3b-7000-8000-${String(i).padStart(12, "0")}`, amount: 100 }),
        i * 6 - 5_000,
      );
    }
    expect(last?.results[0]).toMatchObject({ outcome: "hit", approximate: true });
    expect(last?.results[0]?.values["count()"]).toBe(10_000);
    expect(engine.encode(state).length).toBeLessThan(40_000);
  });

  test("a rule that fails closed says so", () => {
    const engine = engineOf(
      rule("flood", "window: { sliding: 60s }\nhaving: count() >= 5000\noverflow: fail-closed"),
      { limits: { events: 10 } },
    );
    const state = engine.newState();
    let last: Step | undefined;
    for (let i = 0; i < 12; i++) last = engine.process(state, event(i), none);
    expect(last?.results[0]).toMatchObject({ outcome: "hit", reason: "STATE_OVERFLOW" });
  });

  test("five payments under three rules take no more than 400 bytes besides their ids", () => {
    const engine = engineOf(rules.split("- id: habit")[0] ?? "");
    const state = engine.newState();
    for (let i = 0; i < 5; i++) {
      const id = `0192f0c1-7a3b-7000-8000-00000000000${i}`;
      engine.process(
        state,
        event(1_760_000_000_000 + i * 9_000, { id, amount: 15_000, merchant: `m-${i}` }),
        none,
      );
    }
    expect(engine.encode(state).length - 5 * 17).toBeLessThanOrEqual(400);
  });
});

describe("rule sets follow one another", () => {
  const velocity = rule("velocity", "window: { sliding: 60s }\nhaving: count() >= 2");
  const spend = rule("spend", "window: { sliding: 60s }\nhaving: sum(tx.amount) > 1.00");

  test("unchanged rules keep their state, new ones warm up and say so", () => {
    const first = engineOf(velocity, { generation: 1 });
    const state = first.newState();
    first.process(state, event(50_000, { id: "a", amount: 100 }), none);
    const pack = packOf(velocity + spend);
    const lineage = nextLineage({ previous: first.lineage, pack, generation: 2, since: 55_000 });
    const second = createEngine(pack, { generation: 2, lineage });
    const moved = second.decode(first.encode(state));
    const step = second.process(moved, event(60_000, { id: "b", amount: 100 }), 55_000);
    expect(step.results).toMatchObject([
      { ruleId: "velocity", outcome: "hit", warming: false, eventIds: ["a", "b"] },
      { ruleId: "spend", outcome: "no_hit", warming: true, values: { "sum(tx.amount)": 100 } },
    ]);
    const later = second.process(moved, event(115_001, { id: "c", amount: 100 }), 110_000);
    expect(later.results[1]?.warming).toBe(false);
  });

  test("a shadow rule is recorded but neither decides nor alerts", () => {
    const engine = engineOf(velocity.replace("version: 1", "version: 1\n  mode: shadow"));
    const state = engine.newState();
    engine.process(state, event(1), none);
    const step = engine.process(state, event(2), none);
    expect(step).toMatchObject({ outcome: "approve", score: 0, alerts: [], hits: ["velocity"] });
    expect(step.results[0]).toMatchObject({ outcome: "hit", mode: "shadow" });
  });

  test("foreign bytes are refused", () => {
    const engine = engineOf(velocity);
    expect(() => engine.decode(new Uint8Array([9, 9]))).toThrow(StateFormatError);
    const bytes = engine.encode(engine.newState());
    expect(() => engine.decode(bytes.slice(0, -1))).toThrow(StateFormatError);
  });
});

describe("missing fields and errors", () => {
  test.each([
    ["false", "no_hit"],
    ["true", "hit"],
    ["error", "error"],
  ])("onMissing: %s gives %s", (policy, outcome) => {
    const engine = engineOf(rule("country", `where: tx.country == "NG"\nonMissing: ${policy}`));
    expect(engine.process(engine.newState(), event(1), none).results[0]?.outcome).toBe(outcome);
  });

  test("a division by zero is an error, absorbed where the other side decides", () => {
    const engine = engineOf(
      rule("a", "where: 10 / tx.retries > 1") +
        rule("b", "where: tx.online || 10 / tx.retries > 1"),
    );
    const step = engine.process(engine.newState(), event(1, { retries: 0, online: true }), none);
    expect(step.results.map((result) => result.outcome)).toEqual(["error", "hit"]);
  });

  test("a crafted text does not stop the engine", () => {
    const engine = engineOf(rule("text", "where: 'tx.merchant.matches(\"^(a+)+$\")'"));
    const step = engine.process(
      engine.newState(),
      event(1, { merchant: `${"a".repeat(2_000)}!` }),
      none,
    );
    expect(step.results[0]?.outcome).toBe("no_hit");
  });
});

describe("joins", () => {
  const join = (mode: string) =>
    engineOf(
      rule(
        "paid",
        `join:\n  left: { as: order, type: ordered }\n  right: { as: paid, type: captured, where: paid.order == order.order }\n  between: [0s, 5m]\n  mode: ${mode}`,
      ),
    );

  test("inner: both within five minutes, either may come first", () => {
    const engine = join("inner");
    const state = engine.newState();
    engine.process(state, event(1_000, { id: "o", type: "ordered", order: "1" }), none);
    expect(
      engine.process(state, event(2_000, { id: "x", type: "captured", order: "2" }), none).alerts,
    ).toEqual([]);
    const step = engine.process(
      state,
      event(301_000, { id: "p", type: "captured", order: "1" }),
      none,
    );
    expect(step.alerts).toMatchObject([{ matchId: "order=o;paid=p" }]);
    const late = engine.process(
      state,
      event(301_001, { id: "q", type: "captured", order: "1" }),
      none,
    );
    expect(late.alerts).toEqual([]);
  });

  test("missing: ordered and not paid within five minutes", () => {
    const engine = join("missing");
    const state = engine.newState();
    engine.process(state, event(1_000, { id: "a", type: "ordered", order: "1" }), none);
    engine.process(state, event(2_000, { id: "b", type: "ordered", order: "2" }), none);
    const step = engine.process(
      state,
      event(3_000, { id: "p", type: "captured", order: "1" }),
      none,
    );
    expect(step.dueAt).toBe(302_000);
    expect(engine.advance(state, 301_999).alerts).toEqual([]);
    expect(engine.advance(state, 302_000).alerts).toMatchObject([{ matchId: "b" }]);
  });

  test("a table answers with the version that was valid at the event's time", () => {
    const engine = engineOf(
      rule(
        "limit",
        "memory: 1d\ntable: { as: profile, type: profile }\nwhere: tx.amount > profile.limit",
      ),
    );
    const state = engine.newState();
    engine.process(state, event(1_000, { id: "v1", type: "profile", limit: 100 }), none);
    engine.process(state, event(9_000, { id: "v2", type: "profile", limit: 900 }), none);
    const seen = [
      [500, 500],
      [1_000, 500],
      [8_999, 500],
      [9_000, 500],
    ].map(
      ([at = 0, amount = 0]) =>
        engine.process(state, event(at, { id: `t${at}`, amount }), none).results[0]?.outcome,
    );
    expect(seen).toEqual(["no_hit", "hit", "hit", "no_hit"]);
  });
});
