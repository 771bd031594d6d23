/** Runs the steps of `npm test`, counts, and ends with the line `N passed, N failed`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Display } from "../stack/display.ts";
import { readSettings } from "../stack/settings.ts";
import { gatherTools } from "../stack/tools.ts";
import { type Count, failed, runStep } from "./run-step.ts";
import { SharedSuite } from "./shared-suite.ts";
import { type Step, steps } from "./steps.ts";

/** The exit code: 0 when nothing failed. */
async function main(names: readonly string[]): Promise<number> {
  const chosen = steps.filter((step) => names.length === 0 || names.includes(step.name));
  if (chosen.length === 0) {
    console.error(`no such step; there are: ${steps.map((step) => step.name).join(", ")}`);
    return 2;
  }
  await gatherTools(readSettings(process.env), new Display(false).fetching);
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  try {
    return summarise(await runAll(chosen, scratch));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Outcome extends Count {
  readonly step: Step;
  readonly seconds: number;
}

/** A failed step does not keep the others from being tried: one run tells everything. */
async function runAll(chosen: readonly Step[], scratch: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const shared = new SharedSuite();
  for (const step of chosen) {
    console.log(`\n=== ${step.name}`);
    const began = performance.now();
    const count = await shared
      .change(step.suite)
      .then((surroundings) => runStep(step, { scratch, surroundings }))
      .catch(failed);
    outcomes.push({ ...count, step, seconds: (performance.now() - began) / 1000 });
  }
  await shared.stop();
  return outcomes;
}

function summarise(outcomes: readonly Outcome[]): number {
  console.log("");
  for (const { step, passed, failed, skipped, seconds } of outcomes) {
    const time = `${seconds.toFixed(0).padStart(4)} s`;
    const left = skipped > 0 ? `, ${skipped} skipped` : "";
    console.log(`${time}  ${step.name.padEnd(28)} ${passed} passed, ${failed} failed${left}`);
  }
  const sum = (key: keyof Count) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
  return sum("failed") === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
