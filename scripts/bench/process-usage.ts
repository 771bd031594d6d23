import { readFileSync } from "node:fs";

/** What a process has taken so far. */
export interface ProcessUsage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  readonly maxRssMb: number;
}

/** The kernel's unit in /proc, everywhere that Node runs. */
const ticksPerSecond = 100;

/** Reads Linux's /proc; elsewhere, and for a process that is gone, all is NaN. */
export function usageOf(pid: number): ProcessUsage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces; what follows it has fixed places.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const maxRssKb = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]);
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      maxRssMb: Math.round(maxRssKb / 1024),
    };
  } catch {
    return { cpuSeconds: Number.NaN, maxRssMb: Number.NaN };
  }
}
