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

/** The first shift from 10000 on, in steps of 1000, at which every port of the plan is free. */
export async function freeOffset(plan: (offset: number) => readonly NativePart[]): Promise<number> {
  for (let offset = 10_000; offset < 30_000; offset += 1000) {
    if ((await takenPorts(plan(offset))).length === 0) return offset;
  }
  throw new Error("no free ports for this run");
}
