import type { NativePart } from "./plan.ts";
import { isPortTaken } from "./probe.ts";

/** One line, with its cure, for each port that something else has. */
export async function takenPorts(parts: readonly NativePart[]): Promise<string[]> {
  const checks = parts.flatMap((part) =>
    [...part.ports.values()].map(async (port) => ({ part, port, taken: await isPortTaken(port) })),
  );
  return (await Promise.all(checks)).flatMap(({ part, port, taken }) =>
    taken
      ? `port ${port} (${part.name}) is taken: end the program that has it, or shift all ports with HOLDFAST_PORT_OFFSET=1000`
      : [],
  );
}

const firstOffset = 10_000;
const offsetStep = 1_000;
const offsets = 20;

/**
 * A shift at which every port of the plan is free. Where the search begins depends on the process, so
 * that two runs that start at the same time do not choose the same ports.
 */
export async function freeOffset(plan: (offset: number) => readonly NativePart[]): Promise<number> {
  for (let tried = 0; tried < offsets; tried += 1) {
    const offset = firstOffset + ((process.pid + tried) % offsets) * offsetStep;
    if ((await takenPorts(plan(offset))).length === 0) return offset;
  }
  throw new Error("no free ports for this run");
}
