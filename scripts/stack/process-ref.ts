/**
 * Names a process beyond doubt. A pid alone is not enough: once its process has gone the system
 * gives the number to somebody else, whom nobody here may touch. So the time at which the process
 * began goes with it, and nothing is signalled whose beginning is another.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessRef {
  readonly pid: number;
  /** When the process began, in the words of the system: only to be compared. */
  readonly began: string;
}

/** Null when no such process lives. */
export function refOf(pid: number): ProcessRef | null {
  const began = process.platform === "linux" ? beganOnLinux(pid) : beganElsewhere(pid);
  return began === null ? null : { pid, began };
}

export function isAlive(ref: ProcessRef): boolean {
  return refOf(ref.pid)?.began === ref.began;
}

/** Sends the signal if that very process still lives; says whether it did. */
export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): boolean {
  if (!isAlive(ref)) return false;
  try {
    return process.kill(ref.pid, signal);
  } catch {
    return false; // gone between the look and the signal
  }
}

/** Asks with `signal`, insists with SIGKILL after `graceMs`; resolves once the process has gone. */
export async function endProcess(
  ref: ProcessRef,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  signalProcess(ref, signal);
  signalProcess(ref, "SIGCONT"); // a stopped process hears nothing else
  if (await isGoneWithin(ref, graceMs)) return;
  signalProcess(ref, "SIGKILL");
  await isGoneWithin(ref, 10_000);
}

async function isGoneWithin(ref: ProcessRef, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive(ref)) {
    if (performance.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** Fields 3 (state) and 22 (start time in ticks since boot) of /proc/PID/stat; a zombie does not live. */
function beganOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function beganElsewhere(pid: number): string | null {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
    });
    return line.startsWith("Z") ? null : line.replace(/^\S+\s+/, "").trim() || null;
  } catch {
    return null;
  }
}
