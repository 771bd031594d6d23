import { setTimeout as delay } from "node:timers/promises";
import { readGroups } from "@holdfast/testkit";
import type { Suite } from "../command/suite.ts";
import type { History } from "./history.ts";

/** Reads all committed offsets every second, until it is stopped; what cannot be read is left out. */
export function watchOffsets({ kafka }: Suite, { facts }: History): { stop(): Promise<void> } {
  let over = false;
  const watch = async (): Promise<void> => {
    while (!over) {
      const groups = await readGroups(kafka).catch(() => []);
      const atMs = Date.now();
      for (const { group, topic, partition, committed } of groups) {
        facts.offsets.push({ atMs, group, topic, partition, offset: committed });
      }
      await delay(1_000);
    }
  };
  const watching = watch();
  return {
    stop: () => {
      over = true;
      return watching;
    },
  };
}
