import { checkInvariants, type Violation } from "@holdfast/testkit";
import type { Bug } from "./bug.ts";
import { factsOf } from "./facts.ts";
import { openMs, type Scenario } from "./scenario.ts";
import { Suite } from "./suite.ts";
import { beginningMs } from "./world/scheduler.ts";

/** What of the checker can be judged here: everything but alerts, card numbers, traces and probes. */
const judged = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I10"];

/** How long after the last order everything must have ended, or wait for a person, ms. */
const healMs = 60_000;
const lookMs = 250;

/** How a simulation ended. */
export interface Outcome {
  readonly violations: readonly Violation[];
  /** The same for the same scenario, and hardly ever for another. */
  readonly fingerprint: string;
  /** How many orders ended how. */
  readonly orders: Readonly<Record<string, number>>;
}

/** Plays a scenario to its end and judges what is left behind. Nothing in it is left to chance. */
export async function simulate(scenario: Scenario, bug: Bug = {}): Promise<Outcome> {
  const suite = new Suite(scenario, bug);
  const openUntilMs = beginningMs + openMs;
  const limitMs = openUntilMs + healMs;
  let restedMs = openUntilMs;
  await suite.scheduler.run(openUntilMs);
  while (!suite.isAtRest(limitMs) && restedMs < limitMs) {
    restedMs += lookMs;
    await suite.scheduler.run(restedMs);
  }
  const facts = factsOf(suite);
  suite.close();
  const poisoned: Violation[] =
    suite.deadLetters.length === 0
      ? []
      : [
          {
            invariant: "I10",
            rule: "without poison nothing is given up",
            records: suite.deadLetters,
          },
        ];
  const orders: Record<string, number> = {};
  for (const { saga } of facts.orders) orders[saga] = (orders[saga] ?? 0) + 1;
  return {
    violations: [...checkInvariants(facts, judged), ...poisoned],
    fingerprint: `${suite.scheduler.nowMs} ${facts.records.length} ${facts.journal.length}`,
    orders,
  };
}
