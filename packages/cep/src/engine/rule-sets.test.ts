import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { KeyedRunner } from "../host/keyed-runner.ts";
import { engineOf, event, rule } from "../testing/payments.ts";
import type { Engine, Step } from "./types.ts";

const none = Number.NEGATIVE_INFINITY;

function steps(engine: Engine, times: readonly number[]): readonly Step[] {
  const state = engine.newState();
  return times.map((at, i) => engine.process(state, event(at, { id: `e${i}`, amount: 500 }), none));
}

test("effectiveFrom is a time of events: what is older is not judged, whenever it comes", () => {
  const from = "effectiveFrom: 1970-01-01T00:01:00Z";
  const bodies = [
    `${from}\nwhere: tx.amount > 1.00`,
    `${from}\nwindow: { sliding: 1h }\nhaving: count() >= 1`,
    `${from}\npattern: [{ as: one }]\nwithin: 1m`,
  ];
  for (const body of bodies) {
    const hits = steps(engineOf(rule("later", body)), [59_999, 60_000, 60_001, 30_000]).map(
      (step) => step.hits.length,
    );
    expect([body, hits]).toEqual([body, [0, 1, 1, 0]]);
  }
});

test("effectiveFrom counts in final mode as well", () => {
  const body = "effectiveFrom: 1970-01-01T00:01:00Z\nwhere: tx.amount > 1.00";
  const engine = engineOf(rule("later", body), { time: "final" });
  const hits: (string | undefined)[] = [];
  const runner = new KeyedRunner(engine, {
    boundMs: 60_000,
    onStep: () => undefined,
    onTime: (_key, { finals }) =>
      hits.push(...finals.filter((final) => final.hits.length > 0).map(({ eventId }) => eventId)),
  });
  for (const at of [60_001, 59_999, 60_000]) runner.push("c", event(at, { amount: 500 }));
  runner.finish();
  expect(hits).toEqual(["e60000", "e60001"]);
});

test("a shadow rule never alters a decision, and its outcome is recorded", () => {
  const active = rule("active", "window: { sliding: 60s }\nhaving: count() >= 2");
  const shadow = `- id: shadow
  version: 1
  mode: shadow
  where: tx.amount > 1.00
  emit: { on: every }
  then: { action: decline, score: 99, reason: SHADOW }
`;
  const alone = engineOf(active);
  const both = engineOf(active + shadow);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 20 }), (times) => {
      const decided = (step: Step) => ({
        outcome: step.outcome,
        score: step.score,
        alerts: step.alerts,
        active: step.results.filter(({ ruleId }) => ruleId === "active"),
      });
      const shadowed = steps(both, times);
      expect(shadowed.map(decided)).toEqual(steps(alone, times).map(decided));
      for (const step of shadowed) expect(step.hits).toContain("shadow");
    }),
    { numRuns: 100 },
  );
});
