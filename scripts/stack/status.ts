import { readFileSync } from "node:fs";
import { isAlive } from "./process-ref.ts";
import { isRunning, orphansOf, type PartView, type RunFile, readRunFile } from "./run-file.ts";
import type { Settings } from "./settings.ts";

/** Prints how the run is; resolves with 0 when every part is up, else 1. */
export async function status(settings: Settings, json: boolean): Promise<number> {
  const file = readRunFile(settings.home);
  const up = isRunning(file);
  if (json) {
    console.log(JSON.stringify(up ? file : { run: settings.run, state: "stopped" }, null, 2));
  } else if (up) {
    printTable(file);
  } else {
    printAbsence(settings, file);
  }
  return up && Object.values(file.parts).every(isUp) ? 0 : 1;
}

function printAbsence(settings: Settings, file: RunFile | null): void {
  const left = file ? orphansOf(file).map(([name]) => name) : [];
  if (left.length === 0) {
    console.log(`The run "${settings.run}" is not up. Start it with: npm run demo`);
  } else {
    console.log(`The run "${settings.run}" has lost its supervisor and left: ${left.join(", ")}.`);
    console.log("npm run stop ends them; npm run demo ends them and starts anew.");
  }
}

function isUp(part: PartView): boolean {
  if (part.state === "done") return true;
  return (
    (part.state === "healthy" || part.state === "running") &&
    part.process !== null &&
    isAlive(part.process)
  );
}

function printTable(file: RunFile): void {
  console.log(`run "${file.run}": ${file.state}, since ${file.startedAt}\n`);
  console.log(row(["part", "state", "pid", "memory", "restarts", "address"]));
  let total = 0;
  for (const [name, part] of Object.entries(file.parts)) {
    const pid = part.process?.pid;
    const memory = pid === undefined ? 0 : residentMegabytes(pid);
    const ports = Object.values(part.ports)
      .map((port) => `:${port}`)
      .join(" ");
    const counts = [megabytes(memory), String(part.restarts)];
    console.log(row([name, part.state, String(pid ?? ""), ...counts, ports]));
    total += memory;
  }
  console.log(row(["together", "", "", megabytes(total)]));
}

const widths = [18, 10, 8, 9, 9, 0];

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(" ")
    .trimEnd();
}

const megabytes = (memory: number): string => (memory === 0 ? "" : `${memory} MB`);

/** From /proc; 0 where the system has none. */
function residentMegabytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Math.round(Number(line?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
