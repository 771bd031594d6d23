import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { PartName } from "./test-stack.ts";

const run = promisify(execFile);
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
}

/**
 * Starts a stack of its own beside whatever else runs, from empty data, on ports that are free.
 * It ends with this process at the latest. Rejects with the failing part's last log lines.
 */
export async function startStack({ name, only, preload }: StackOptions): Promise<StartedStack> {
  const home = process.env["HOLDFAST_HOME"] ?? join(root, ".holdfast");
  const env = {
    ...process.env,
    HOLDFAST_HOME: home,
    ...(preload === undefined ? {} : { HOLDFAST_PRELOAD: preload }),
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
  await command(
    "up",
    "--detach",
    "--quiet",
    "--free-ports",
    "--owner",
    String(process.pid),
    ...parts,
  );
  return {
    runFile: join(home, name, "run.json"),
    stop: () => command("reset"),
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error && "stderr" in error && error.stderr
    ? String(error.stderr)
    : String(error);
}
