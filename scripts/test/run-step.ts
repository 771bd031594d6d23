import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { root } from "../stack/settings.ts";
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

/** Runs the step's commands, their output going to ours. `scratch` is a folder for result files. */
export async function runStep(step: Step, scratch: string): Promise<Count> {
  if (step.jest) return runJest(step, join(scratch, `${step.name.replaceAll(" ", "-")}.json`));
  for (const command of step.commands) {
    if ((await run(command)) !== 0) return { passed: 0, failed: 1, skipped: 0 };
  }
  return { passed: 1, failed: 0, skipped: 0 };
}

/** A suite that cannot even be loaded, and a start that fails before any suite, count as failures. */
async function runJest(step: Step, resultFile: string): Promise<Count> {
  const [command = []] = step.commands;
  const code = await run([...command, "--json", `--outputFile=${resultFile}`]);
  if (!existsSync(resultFile)) return { passed: 0, failed: 1, skipped: 0 };
  const result = jestResult.parse(JSON.parse(readFileSync(resultFile, "utf8")));
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    failed: code !== 0 && failed === 0 ? 1 : failed,
    skipped: result.numPendingTests,
  };
}

const jestNodeOptions = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  "--disable-warning=TimeoutNegativeWarning",
].join(" ");

function run([file = "", ...args]: readonly string[]): Promise<number> {
  const { HOLDFAST_TEST_STACK: _, ...environment } = process.env; // each project starts a stack of its own
  const isJest = args[0]?.includes("jest") ?? false;
  const child = spawn(file, args, {
    cwd: root,
    stdio: ["ignore", isJest ? "ignore" : "inherit", "inherit"], // jest reports on stderr; stdout would repeat it as JSON
    env: {
      ...environment,
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
