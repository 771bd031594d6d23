import { expect, test } from "@jest/globals";
import { engineOf, event, rule } from "../testing/payments.ts";

const none = Number.NEGATIVE_INFINITY;
const start = Date.UTC(2026, 0, 31, 12);
const rules = [
  rule("velocity", "where: tx.amount > 100.00\nwindow: { sliding: 60s }\nhaving: count() >= 3"),
  rule(
    "hourly",
    "window: { tumbling: 1h }\nhaving: sum(tx.amount) > 1000.00\nemit: { time: final }",
  ),
  rule(
    "habit",
    "memory: 30d\nwhere: history.count() >= 2 && tx.amount > 4 * history.avg(tx.amount)",
  ),
  rule(
    "testing",
    "pattern:\n  - { as: probe, where: tx.amount < 5.00, times: 2 }\n  - { as: cash, where: tx.amount > 500.00 }\nwithin: 10m",
  ),
  rule(
    "silence",
    "pattern:\n  - { as: big, where: tx.amount > 140.00 }\n  - { as: more, not: followedBy, where: tx.amount > 1.00 }\nwithin: 30s",
  ),
].join("");
const engine = engineOf(rules);

function played() {
  const state = engine.newState();
  const payments = [
    [0, 15_000],
    [10, 400],
    [20, 15_000],
  ] as const;
  for (const [seconds, amount] of payments) {
    const at = start + seconds * 1_000;
    engine.process(state, event(at, { id: `e${seconds}`, amount }), none);
  }
  return state;
}

test("a key shows for each rule what it counts, what it waits for and what it remembers", () => {
  const state = played();
  const before = Buffer.from(engine.encode(state)).toString("hex");
  const view = engine.inspect(state, start + 65_000);
  expect(Buffer.from(engine.encode(state)).toString("hex")).toBe(before);
  const [velocity, habit, testing, silence, hourly] = view.rules;
  expect(view).toMatchObject({ at: start + 65_000, latestAt: start + 20_000 });
  expect(velocity?.windows).toEqual([
    {
      kind: "sliding",
      from: start + 5_000,
      to: start + 65_000,
      events: 1,
      eventIds: ["e20"],
      values: { "count()": 1 },
      limit: "3",
      approximate: false,
      explanation:
        "1 payment from 2026-01-31T12:00:05.000Z to 2026-01-31T12:01:05.000Z: count() is 1, limit 3.",
    },
  ]);
  expect(habit?.history).toMatchObject({
    values: { "history.count()": 3, "history.avg(tx.amount)": expect.closeTo(10_133.33) },
    explanation:
      "The card's own history over 30 days: history.count() is 3, history.avg(tx.amount) is $101.33.",
  });
  expect(testing?.partialMatches).toEqual([
    {
      stages: { probe: ["e10"] },
      since: start + 10_000,
      waitsFor: ["probe"],
      completesByTime: false,
      timesOutAt: start + 610_001,
      explanation:
        'Of the payments in sequence it has 1 × "probe" since 2026-01-31T12:00:10.000Z; waits for "probe" until 2026-01-31T12:10:10.001Z.',
    },
  ]);
  expect(silence?.partialMatches).toMatchObject([
    { stages: { big: ["e20"] }, waitsFor: [], completesByTime: true },
  ]);
  expect(hourly?.windows).toMatchObject([
    {
      kind: "tumbling",
      from: start,
      to: start + 3_599_999,
      events: 3,
      values: { "sum(tx.amount)": 30_400 },
      limit: "$1,000.00",
    },
  ]);
});

test("a key that was never seen shows nothing", () => {
  expect(engine.inspect(engine.newState(), none)).toEqual({
    at: none,
    latestAt: undefined,
    rules: [],
  });
});

test("a window that nothing fills any more shows zero", () => {
  const [velocity] = engine.inspect(played(), start + 600_000).rules;
  expect(velocity?.windows).toMatchObject([{ events: 0, values: { "count()": 0 }, eventIds: [] }]);
});
