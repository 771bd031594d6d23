import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "./settings.ts";

const tailBytes = 64 * 1024;

export interface LogOptions {
  /** One part's log; null for all of them, each line with the part's name before it. */
  readonly part: string | null;
  readonly follow: boolean;
}

/** Prints the end of the logs and, with `follow`, goes on. Resolves with the exit code. */
export async function logs(settings: Settings, { part, follow }: LogOptions): Promise<number> {
  const folder = join(settings.home, "logs");
  const all = logFiles(folder);
  const files = all.filter((file) => part === null || partOf(file) === part);
  if (files.length === 0) {
    const parts = all.map(partOf).join(", ");
    console.error(parts === "" ? `No logs in ${folder}` : `No log of "${part}", only of ${parts}`);
    return 1;
  }
  const positions = new Map(
    files.map((file) => [file, Math.max(0, statSync(file).size - tailBytes)]),
  );
  do {
    for (const [file, from] of positions) {
      positions.set(file, await printFrom(file, from, part === null));
    }
    if (follow) await sleep(300);
  } while (follow);
  return 0;
}

const partOf = (file: string): string => basename(file, ".log");

function logFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".log"));
  return names.sort().map((name) => join(folder, name));
}

/** Prints whole lines from the position on; resolves with the position after them. */
async function printFrom(file: string, from: number, named: boolean): Promise<number> {
  const size = statSync(file).size;
  if (size <= from) return size; // a log that has begun anew is followed from its end
  const prefix = named ? `${partOf(file).padEnd(18)}| ` : "";
  const stream = createReadStream(file, { start: from, end: size - 1 });
  for await (const line of createInterface({ input: stream })) console.log(prefix + line);
  return size;
}
