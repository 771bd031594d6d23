import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeSocket, sendOrder } from "./control.ts";
import { reachablePlace, unprivilegedUser } from "./launchers/unprivileged.ts";
import { endProcess, isAlive } from "./process-ref.ts";
import { isRunning, orphansOf, type RunFile, readRunFile, runFilePath } from "./run-file.ts";
import type { Settings } from "./settings.ts";

const stopLimitMs = 90_000;

/** Stops the run; says so when there is none. Ends only processes that the run file names and that still are those. */
export async function stop(settings: Settings): Promise<void> {
  const file = readRunFile(settings.home);
  if (!file) return console.log(`The run "${settings.run}" is not up.`);
  if (isRunning(file)) await askToStop(file);
  await cleanUp(settings, file);
  console.log(`Stopped "${file.run}". Its data is kept; npm run reset wipes it.`);
}

/** Stops the run and deletes its data and logs: all of them, because a log and its database belong together. */
export async function reset(settings: Settings): Promise<void> {
  if (readRunFile(settings.home)) await stop(settings);
  const postgres = await reachablePlace(
    join(settings.home, "data/postgres"),
    await unprivilegedUser(),
  );
  await rm(postgres, { recursive: true, force: true });
  await rm(settings.home, { recursive: true, force: true });
  console.log(`Wiped the data and logs of "${settings.run}".`);
}

async function askToStop(file: RunFile): Promise<void> {
  await sendOrder(file.control, "/stop").catch(() => {}); // it may be on its way out already
  const deadline = performance.now() + stopLimitMs;
  while (isAlive(file.supervisor) && performance.now() < deadline) await sleep(50);
  await endProcess(file.supervisor, "SIGKILL", 1000);
}

/** Ends what a run left behind: its last processes, dependents first, its socket and its run file. */
export async function cleanUp(settings: Settings, file: RunFile): Promise<void> {
  for (const [, part] of orphansOf(file).reverse()) {
    if (part.process) await endProcess(part.process, part.stopSignal, part.stopGraceMs);
  }
  removeSocket(file.control);
  await rm(runFilePath(settings.home), { force: true });
}
