import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { PartName } from "./test-stack.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../../../..");
const program = join(root, "scripts/stack/main.ts");
const portsOfARun = [4001, 4010, 4011, 4012, 4013, 4014, 4015, 4016, 9411];

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
}

/**
 * Starts a stack of its own beside whatever else runs, from empty data, on ports that are free.
 * It ends with this process at the latest. Rejects with the failing part's last log lines.
 */
export async function startStack({ name, only }: StackOptions): Promise<StartedStack> {
  const home = process.env["HOLDFAST_HOME"] ?? join(root, ".holdfast");
  const env = {
    ...process.env,
    HOLDFAST_HOME: home,
    HOLDFAST_PORT_OFFSET: String(await freeOffset()),
  };
  const command = (...args: string[]) =>
    run(process.execPath, [program, ...args, "--run", name], { cwd: root, env });
  if (existsSync(join(home, name))) await command("reset");
  const parts = only ? ["--only", only.join(",")] : [];
  await command("up", "--detach", "--quiet", "--owner", String(process.pid), ...parts);
  return {
    runFile: join(home, name, "run.json"),
    stop: async () => {
      await command("reset");
    },
  };
}

/** The first shift, in steps of a thousand, at which every port of a run is free. */
async function freeOffset(): Promise<number> {
  for (let offset = 10_000; offset < 20_000; offset += 1000) {
    const free = await Promise.all(portsOfARun.map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
  throw new Error("no free ports for a test stack between 14001 and 29411");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once("error", () => settle(false));
    server.listen(port, "127.0.0.1", () => server.close(() => settle(true)));
  });
}
