import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { root } from "../stack/settings.ts";
import type { Surroundings } from "./shared-suite.ts";
import type { Step } from "./steps.ts";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const jestResult = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

export interface RunOptions {
  /** A folder for result files. */
  readonly scratch: string;
  readonly surroundings: Surroundings;
}

const failure: Count = { passed: 0, failed: 1, skipped: 0 };

/** A step that could not even be tried; says why. */
export function failed(error: unknown): Count {
  console.error(error instanceof Error ? error.message : error);
  return failure;
}

/** Runs the step's commands, their output going to ours. */
export async function runStep(step: Step, options: RunOptions): Promise<Count> {
  if (step.jest) return runJest(step, options);
  for (const command of step.commands) {
    if ((await run(command, options.surroundings)) !== 0) return failure;
  }
  return { passed: 1, failed: 0, skipped: 0 };
}

/** A suite that cannot even be loaded, and a start that fails before any suite, count as failures. */
async function runJest(step: Step, { scratch, surroundings }: RunOptions): Promise<Count> {
  const resultFile = join(scratch, `${step.name.replaceAll(" ", "-")}.json`);
  const [command = []] = step.commands;
  const code = await run([...command, "--json", `--outputFile=${resultFile}`], surroundings);
  if (!existsSync(resultFile)) return failure;
  const result = jestResult.parse(JSON.parse(readFileSync(resultFile, "utf8")));
  const failures = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    failed: code !== 0 && failures === 0 ? 1 : failures,
    skipped: result.numPendingTests,
  };
}

const jestNodeOptions = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  "--disable-warning=TimeoutNegativeWarning",
].join(" ");

/** Far above what any command takes: a run that hangs must end too. */
const limitMs = 15 * 60_000;

function run(command: readonly string[], surroundings: Surroundings): Promise<number> {
  const [file = "", ...args] = command;
  const { HOLDFAST_TEST_STACK: _, ...environment } = process.env; // a step has the stack that is meant for it
  const isJest = args[0]?.includes("jest") ?? false;
  const child = spawn(file, args, {
    cwd: root,
    timeout: limitMs,
    stdio: ["ignore", isJest ? "ignore" : "inherit", "inherit"], // jest reports on stderr; stdout would repeat it as JSON
    env: {
      ...environment,
      ...surroundings,
      PATH: `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`,
      TURBO_TELEMETRY_DISABLED: "1",
      ...(isJest ? { NODE_OPTIONS: jestNodeOptions } : {}),
    },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
