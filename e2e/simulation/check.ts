import type { Violation } from "@holdfast/testkit";
import fc from "fast-check";
import type { Bug } from "./bug.ts";
import { type Scenario, scenarios } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** Which simulations to run: `runs` scenarios of `orders` orders, drawn from `seed`. */
export interface Series {
  readonly seed: number;
  readonly runs: number;
  readonly orders: number;
  /** How long the smallest failing scenario may be searched for, ms; default a minute. */
  readonly shrinkMs?: number;
  /** Called after each scenario that held. */
  readonly onHeld?: (orders: Readonly<Record<string, number>>) => void;
}

/** The smallest scenario of a series that breaks something. */
export interface Failure {
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  /** Leads `replay` back to the scenario. */
  readonly path: string;
}

class Broken extends Error {
  override readonly name = "Broken";
}

/** Runs a series; resolves to its first failure, made as small as the time allows, if it has one. */
export async function findFailure(series: Series, bug: Bug = {}): Promise<Failure | undefined> {
  const { seed, runs, orders, shrinkMs = 60_000, onHeld } = series;
  let failedAtMs = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(scenarios(orders), async (scenario) => {
    if (performance.now() - failedAtMs > shrinkMs) return;
    const outcome = await simulate(scenario, bug);
    if (outcome.violations.length === 0) {
      onHeld?.(outcome.orders);
      return;
    }
    failedAtMs = Math.min(failedAtMs, performance.now());
    throw new Broken();
  });
  const { failed, counterexamplePath } = await fc.check(property, { seed, numRuns: runs });
  return failed ? replay({ seed, orders, path: counterexamplePath ?? "0" }, bug) : undefined;
}

/** Plays the one scenario to which a path leads; resolves to its failure, if it still is one. */
export async function replay(
  { seed, orders, path }: { readonly seed: number; readonly orders: number; readonly path: string },
  bug: Bug = {},
): Promise<Failure | undefined> {
  const [scenario] = fc.sample(scenarios(orders), { seed, path, numRuns: 1 });
  if (scenario === undefined) throw new Error(`No scenario lies at ${path}`);
  const { violations } = await simulate(scenario, bug);
  return violations.length === 0 ? undefined : { scenario, violations, path };
}

/** A failure in words: what is broken, by which scenario, and how to see it again. */
export function describeFailure(
  { scenario, violations, path }: Failure,
  { seed, orders }: Pick<Series, "seed" | "orders">,
): string {
  const broken = violations.map(({ invariant, rule, records }) => {
    const shown = records.slice(0, 3).map((record) => `    ${JSON.stringify(record)}`);
    return [`  ${invariant}: ${rule} (${records.length})`, ...shown].join("\n");
  });
  return [
    "The invariants that do not hold:",
    ...broken,
    "under the scenario",
    JSON.stringify(scenario),
    `See it again: npm run simulate -- --orders ${orders} --seed ${seed} --path ${path}`,
  ].join("\n");
}
