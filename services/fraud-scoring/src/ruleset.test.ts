import { join } from "node:path";
import { type RulePackFiles, readRulePack, rulesetIdOf } from "@holdfast/messaging";
import { beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PartitionScorer } from "./loop/partition-scorer.ts";
import { compileRuleset, restoreRuleset } from "./ruleset.ts";
import { MemoryLog, MemoryStore, MemoryTopics } from "./testing/memory-partition.ts";
import { testContext } from "./testing/scorer-context.ts";

let files: RulePackFiles;
beforeAll(async () => {
  files = await readRulePack(join(import.meta.dirname, "../../../rules"));
});

const start = Date.UTC(2026, 0, 1);

interface Step {
  readonly kind: "pay" | "again" | "settle" | "time" | "barrier";
  readonly card: number;
  readonly stepMs: number;
  readonly amountMinor: number;
}

const hourMs = 3_600_000;
const halfDayMs = 12 * hourMs;

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("pay", "pay", "pay", "pay", "pay", "again", "settle", "time", "barrier"),
    card: fc.integer({ min: 0, max: 3 }),
    stepMs: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: -6_000, max: 60_000 }) },
      { weight: 1, arbitrary: fc.constant(halfDayMs) },
    ),
    amountMinor: fc.constantFrom(100, 450, 9_900, 15_000, 60_000, 95_000, 400_000),
  }),
  { minLength: 1, maxLength: 80 },
);

/** A log under the pack that ships; a barrier in mid-log brings it again, with one rule changed. */
function logOf(some: readonly Step[]): MemoryLog {
  const log = new MemoryLog();
  let at = start;
  let generation = 0;
  const activate = () => {
    generation += 1;
    const pack = files.map(({ path, content }) => ({
      path,
      content: path.startsWith("velocity")
        ? content.replace("version: 1", `version: ${generation}`)
        : content,
    }));
    const event = { generation, rulesetId: rulesetIdOf(pack), files: pack, occurredAt: at };
    log.append("RulesetActivated", event, { id: `barrier-${generation}` });
  };
  activate();
  for (const [index, { kind, card, stepMs, amountMinor }] of some.entries()) {
    if (kind === "again") {
      log.repeat();
      continue;
    }
    at += stepMs;
    const on = { id: `event-${index}`, appendedAt: at + 60_000 };
    const about = { cardFingerprint: `fp_${card}`, paymentId: `pay-${index}`, occurredAt: at };
    const amounts = { amountMinor, baseAmountMinor: amountMinor };
    if (kind === "pay") log.append("PaymentRequested", { ...about, ...amounts }, on);
    else if (kind === "settle") log.append("PaymentSettled", { ...about, result: "DECLINED" }, on);
    else if (kind === "time") log.append("TimeAdvanced", { partition: 0, occurredAt: at }, on);
    else activate();
  }
  return log;
}

async function run(log: MemoryLog, cacheBytes: number, batchRecords: number) {
  log.committedOffset = 0;
  const store = new MemoryStore();
  const topics = new MemoryTopics();
  const context = {
    ...testContext({ store, producer: topics, limits: { cacheBytes: () => cacheBytes } }),
    compile: compileRuleset,
    restore: restoreRuleset,
  };
  await new PartitionScorer(context, log.stay({ batchRecords })).run();
  return { outputs: topics.distinct(), picture: store.picture() };
}

const seed = Date.now() % 2 ** 31;

describe(`under the rules that ship (seed ${seed})`, () => {
  test("neither the cache nor the batches show in outputs or state, across barriers too", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 30 }), async (some, batchRecords) => {
        const log = logOf(some);
        const cached = await run(log, 64 * 1024 * 1024, 1_000);
        const uncached = await run(log, 0, batchRecords);
        expect(uncached.outputs).toEqual(cached.outputs);
        expect(uncached.picture).toEqual(cached.picture);
      }),
      { seed, numRuns: 40 },
    );
  });

  test("a card is as old after a duplicate, whether or not a batch ends there", async () => {
    const onOneCard = (kind: Step["kind"], stepMs: number): Step => {
      return { kind, card: 0, stepMs, amountMinor: 95_000 };
    };
    // The repeated payment pushes the first one out of the day that the late one looks back on.
    const log = logOf([
      onOneCard("pay", 0),
      onOneCard("pay", halfDayMs),
      onOneCard("pay", halfDayMs + 10_000),
      onOneCard("again", 0),
      onOneCard("pay", -12_000),
    ]);
    const whole = await run(log, 64 * 1024 * 1024, 1_000);
    const single = await run(log, 0, 1);
    expect(single.outputs).toEqual(whole.outputs);
    expect(single.picture).toEqual(whole.picture);
  });

  test("the first payment after three declines raises an alert", async () => {
    const settled: Step = { kind: "settle", card: 0, stepMs: 1_000, amountMinor: 100 };
    const { outputs } = await run(
      logOf([settled, settled, settled, { ...settled, kind: "pay" }]),
      0,
      1,
    );
    expect(JSON.stringify(outputs)).toContain("FraudAlertRaised");
  });

  test("a pack with mistakes is refused with all of them", () => {
    const broken = [...files, { path: "zz.yaml", content: "- id: x\n  version: 1\n" }];
    const compiled = compileRuleset(
      { generation: 1, rulesetId: "x", files: broken },
      { ruleset: undefined, since: 0 },
    );
    expect(compiled).toMatchObject({ ok: false, message: expect.stringContaining("zz.yaml:") });
  });
});
