import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Display } from "./display.ts";
import { cleanUp } from "./down.ts";
import { isAlive, refOf } from "./process-ref.ts";
import { isRunning, orphansOf, type RunFile, readRunFile } from "./run-file.ts";
import type { Settings } from "./settings.ts";
import { supervise } from "./supervise.ts";
import { gatherTools } from "./tools.ts";
import { welcome } from "./welcome.ts";

export interface UpOptions {
  readonly detach: boolean;
  readonly quiet: boolean;
  readonly freePorts: boolean;
  readonly only: readonly string[] | null;
  /** Pid of a process with which the run shall end. */
  readonly ownerPid: number | null;
}

/** Starts a run, or says that it is there already. Resolves with the exit code. */
export async function up(settings: Settings, options: UpOptions): Promise<number> {
  const existing = readRunFile(settings.home);
  if (isRunning(existing)) {
    console.log(
      `The run "${existing.run}" is up already, since ${existing.startedAt}; nothing was changed.`,
    );
    console.log("npm run status shows it, npm run stop ends it.");
    return 0;
  }
  if (existing) await clearOrphans(settings, existing);
  const display = new Display(options.quiet);
  const tools = await gatherTools(settings, display.fetching);
  if (options.detach) return detach(settings, options, display);
  const owner = options.ownerPid === null ? null : refOf(options.ownerPid);
  let welcomed = false;
  await supervise({
    settings,
    tools,
    freePorts: options.freePorts,
    only: options.only,
    owner,
    onChange: (file) => {
      display.show(file);
      if (file.state === "ready" && !welcomed && !options.quiet) console.log(welcome(file, false));
      welcomed ||= file.state === "ready";
    },
  });
  return 0;
}

async function clearOrphans(settings: Settings, file: RunFile): Promise<void> {
  const names = orphansOf(file).map(([name]) => name);
  if (names.length > 0) {
    console.log(`An earlier run lost its supervisor; ending what it left: ${names.join(", ")}.`);
  }
  await cleanUp(settings, file);
}

/** Starts the supervisor on its own and comes back when every part is up. */
async function detach(settings: Settings, options: UpOptions, display: Display): Promise<number> {
  mkdirSync(join(settings.home, "logs"), { recursive: true });
  const logFile = join(settings.home, "logs/supervisor.log");
  const log = openSync(logFile, "w");
  const args = [join(import.meta.dirname, "main.ts"), "up", "--run", settings.run, "--quiet"];
  if (options.freePorts) args.push("--free-ports");
  if (options.only) args.push("--only", options.only.join(","));
  if (options.ownerPid !== null) args.push("--owner", String(options.ownerPid));
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log, log] });
  child.unref();
  const ref = child.pid === undefined ? null : refOf(child.pid);
  while (ref && isAlive(ref)) {
    const file = readRunFile(settings.home);
    if (file) display.show(file);
    if (file?.state === "ready") {
      if (!options.quiet) console.log(welcome(file, true));
      return 0;
    }
    await sleep(100);
  }
  console.error(readFileSync(logFile, "utf8").trimEnd());
  return 1;
}
