import { expect, test } from "@jest/globals";
import type { StreamEvent } from "../stream.ts";
import { engineOf, event, rule } from "../testing/payments.ts";
import type { Engine, Step } from "./types.ts";

const none = Number.NEGATIVE_INFINITY;

type Process = (event: StreamEvent) => Step;

/** What the same events give on a state that lives and on one that is stored and read before each. */
function livedAndRested<T>(engine: Engine, play: (process: Process) => T): [T, T] {
  const lived = engine.newState();
  let rested = engine.newState();
  return [
    play((one) => engine.process(lived, one, none)),
    play((one) => {
      rested = engine.decode(engine.encode(rested));
      return engine.process(rested, one, none);
    }),
  ];
}

test("a byte order mark is part of an id and of a text, stored or not", () => {
  const engine = engineOf(
    rule("shops", "window: { sliding: 10m }\nhaving: distinct(tx.merchant) >= 2"),
  );
  const mark = "\uFEFF";
  const [lived, rested] = livedAndRested(engine, (process) => {
    const shop = { amount: 100, merchant: `${mark}shop` };
    process(event(1_000, { ...shop, id: `${mark}a` }));
    const again = process(event(1_500, { ...shop, id: `${mark}a` }));
    const next = process(event(2_000, { ...shop, id: "b" }));
    return [again.disposition, next.outcome];
  });
  expect(lived).toEqual(["duplicate", "approve"]);
  expect(rested).toEqual(lived);
});

test("a history's sum of doubles is the same to the last bit, stored or not", () => {
  const engine = engineOf(
    rule("risky", "memory: 30m\nwhere: history.count(tx.risk) >= 3 && history.sum(tx.risk) > 0.6"),
  );
  const [lived, rested] = livedAndRested(engine, (process) => {
    const risks: [number, number][] = [
      [0, 0.1],
      [120_000, 0.2],
      [120_001, 0.3],
    ];
    for (const [at, risk] of risks) {
      process(event(at, { id: String(at), amount: 1, risk }));
    }
    const last = process(event(130_000, { id: "last", amount: 1, risk: 0 }));
    return last.results.map(({ values }) => values);
  });
  expect(rested).toEqual(lived);
});

test("a window that ends knows its own key's row of a table, whoever was judged before", () => {
  const engine = engineOf(
    rule(
      "limits",
      [
        "memory: 1h",
        "table: { as: profile, type: profile }",
        "window: { tumbling: 60s }",
        "having: sum(tx.amount) > profile.limit",
        "emit: { time: final, on: every }",
      ].join("\n"),
    ),
  );
  const spend = (limit: number, key: string) => {
    const state = engine.newState();
    engine.process(state, event(1_000, { id: `${key}1`, type: "profile", limit }), none);
    engine.process(state, event(2_000, { id: `${key}2`, amount: 5_000 }), none);
    engine.advance(state, 3_000);
    return state;
  };
  const generous = spend(100_000, "g");
  const strict = spend(100, "s");
  expect(engine.advance(generous, 70_000).alerts).toEqual([]);
  expect(engine.advance(strict, 70_000).alerts).toMatchObject([
    { values: { "profile.limit": 100 } },
  ]);
});
