import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Step } from "../engine/types.ts";
import { engineOf, event, rule } from "../testing/payments.ts";
import { KeyedRunner } from "./keyed-runner.ts";

type Held = { readonly keys: number; readonly bytes: number };

describe("keys that are never seen again", () => {
  test("of a million keys seen once nothing is left when time has passed", () => {
    const script = join(import.meta.dirname, "../testing/forget-keys.ts");
    const options = ["--expose-gc", "--max-old-space-size=4096", script, "1000000"];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const printed = execFileSync(process.execPath, options, { encoding: "utf8", env });
    const { peak, left } = JSON.parse(printed) as { peak: Held; left: Held };
    expect([peak.keys, left.keys]).toEqual([1_000_001, 1]);
    expect(left.bytes).toBeLessThan(peak.bytes / 20);
  }, 180_000);

  test("a key that speaks again in time is kept, and forgotten so much later", () => {
    const engine = engineOf(rule("three", "window: { sliding: 60s }\nhaving: count() >= 3"), {
      dedupeHorizonMs: 100_000,
    });
    const runner = new KeyedRunner(engine, {
      boundMs: 0,
      onStep: () => undefined,
      onTime: () => undefined,
    });
    runner.push("a", event(0));
    runner.push("b", event(0));
    runner.push("a", event(90_000));
    runner.push("clock", event(100_002));
    expect([runner.state("a"), runner.state("b")].map((state) => state !== undefined)).toEqual([
      true,
      false,
    ]);
    runner.push("clock", event(190_002));
    expect(runner.size).toBe(1);
  });
});

describe("a flooded card", () => {
  const engine = engineOf(
    rule("flood", "window: { sliding: 60s }\nhaving: count() >= 9000\nemit: { on: enter }"),
  );

  /** Steps of a quiet card that shares the runner with another one. */
  function quietSteps(flood: number): { readonly quiet: readonly Step[]; readonly loud: Step[] } {
    const quiet: Step[] = [];
    const loud: Step[] = [];
    const runner = new KeyedRunner(engine, {
      boundMs: 5_000,
      onStep: (key, _event, step) => (key === "quiet" ? quiet : loud).push(step),
      onTime: () => undefined,
    });
    for (let i = 0; i < 10_000; i++) {
      if (i % 100 === 0) runner.push("quiet", event(i * 6, { id: `q${i}`, amount: 100 }));
      if (i < flood) runner.push("loud", event(i * 6, { id: `l${i}`, amount: 100 }));
    }
    const state = runner.state("loud");
    if (state !== undefined) expect(engine.encode(state).length).toBeLessThan(32_000);
    return { quiet, loud };
  }

  test("stays within its bounds, says that it is approximate, and its alert is not lost", () => {
    const { loud } = quietSteps(10_000);
    expect(loud.flatMap(({ alerts }) => alerts)).toMatchObject([{ ruleId: "flood", holds: true }]);
    expect(loud.at(-1)?.results[0]).toMatchObject({ outcome: "hit", approximate: true });
  });

  test("does not show in what is said of other cards", () => {
    expect(JSON.stringify(quietSteps(10_000).quiet)).toBe(JSON.stringify(quietSteps(0).quiet));
  });
});
