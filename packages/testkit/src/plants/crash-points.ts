import type { Replacement } from "./plants.ts";

/** The name by which load-plant.ts puts the crash points into a process. */
export const crashPoints = "crash-points";

const die = "globalThis.dieHere?.();";

/**
 * Places between the commit of an effect and the commit of its offset. A process that has them and gets
 * SIGUSR2 ends, as by kill -9, at the next one that it comes to.
 */
export const crashPointReplacements: readonly Replacement[] = [
  {
    file: "packages/messaging/src/router.ts",
    find: "partition.commit(offsetAfter(record.offset));",
    replace: `${die} partition.commit(offsetAfter(record.offset));`,
  },
  {
    file: "services/fraud-scoring/src/loop/partition-scorer.ts",
    find: "onCommitted: (offset) => offsets.note(this.#stay, offset),",
    replace: `onCommitted: (offset) => { ${die} offsets.note(this.#stay, offset); },`,
  },
];

/** Arms the crash points of this process when SIGUSR2 comes. */
export function armCrashPointsOnSignal(): void {
  process.on("SIGUSR2", () => {
    Object.assign(globalThis, { dieHere: () => process.kill(process.pid, "SIGKILL") });
  });
}
