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

/**
 * Where a run may lie that chooses its ports itself. They stay below 32,768: from there on Linux gives
 * ports to outgoing connections, and one that was free a moment ago need not be so any more.
 */
export const offsets: readonly number[] = Array.from({ length: 20 }, (_, at) => 1_000 + 750 * at);

/**
 * A shift at which every port of the plan is free. Where the search begins depends on the process, so
 * that two runs that start at the same time do not choose the same ports.
 */
export async function freeOffset(plan: (offset: number) => readonly NativePart[]): Promise<number> {
  for (let tried = 0; tried < offsets.length; tried += 1) {
    const offset = offsets[(process.pid + tried) % offsets.length] ?? 0;
    if ((await takenPorts(plan(offset))).length === 0) return offset;
  }
  throw new Error("no free ports for this run");
}
