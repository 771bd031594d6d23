import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "../wait-for.ts";
import { type PartName, type TestStack, testStack } from "./test-stack.ts";

const run = promisify(execFile);
/** Programs may have to be fetched before. */
const planLimitMs = 10 * 60_000;
const root = resolve(import.meta.dirname, "../../../..");
const program = join(root, "scripts/stack/main.ts");

export interface StartedStack {
  /** Path of the run file: what HOLDFAST_TEST_STACK is to hold. */
  readonly runFile: string;
  /** Stops the processes and wipes their data. */
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Names the run; two runs of one name cannot be up at once. */
  readonly name: string;
  /** Parts, and what they need, or null for the whole suite. */
  readonly only: readonly PartName[] | null;
  /** The address of a module that every service loads before its own code. */
  readonly preload?: string;
  /** Through which ports parts find each other: `postgres:5432=41001,…`. */
  readonly via?: string;
  /** Variables of docker-compose.yml, in place of those of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Told where the parts will listen, before they do. */
  readonly onPlanned?: (stack: TestStack) => void;
}

/**
 * Starts a stack of its own beside whatever else runs, from empty data, on ports that are free.
 * It ends with this process at the latest. Rejects with the failing part's last log lines.
 */
export async function startStack(options: StackOptions): Promise<StartedStack> {
  const { name, only, preload, via, variables, onPlanned } = options;
  const home = process.env["HOLDFAST_HOME"] ?? join(root, ".holdfast");
  const runFile = join(home, name, "run.json");
  const env = {
    ...process.env,
    ...variables,
    HOLDFAST_HOME: home,
    ...(preload === undefined ? {} : { HOLDFAST_PRELOAD: preload }),
    ...(via === undefined ? {} : { HOLDFAST_VIA: via }),
  };
  const command = async (...args: string[]) => {
    try {
      await run(process.execPath, [program, ...args, "--run", name], { cwd: root, env });
    } catch (error) {
      throw new Error(`the stack "${name}" cannot ${args[0]}: ${wordsOf(error)}`, { cause: error });
    }
  };
  if (existsSync(join(home, name))) await command("reset");
  const parts = only ? ["--only", only.join(",")] : [];
  const owner = ["--owner", String(process.pid)];
  const up = command("up", "--detach", "--quiet", "--free-ports", ...owner, ...parts);
  if (onPlanned !== undefined) await Promise.race([up, whenPlanned(runFile, onPlanned)]);
  await up;
  return { runFile, stop: () => command("reset") };
}

async function whenPlanned(runFile: string, tell: (stack: TestStack) => void): Promise<void> {
  const what = "the plan of the stack";
  await waitFor(() => existsSync(runFile), { limitMs: planLimitMs, what });
  tell(testStack(runFile));
}

function wordsOf(error: unknown): string {
  return error instanceof Error && "stderr" in error && error.stderr
    ? String(error.stderr)
    : String(error);
}
