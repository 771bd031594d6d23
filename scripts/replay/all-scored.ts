import { setTimeout as pause } from "node:timers/promises";
import { createTopicAdmin, type KafkaClient } from "@holdfast/messaging";
import type { Workspace } from "./workspace.ts";

const askEveryMs = 200;

/** Resolves when the scorer has committed everything that was published; says now and then what is left. */
export async function allScored(
  kafka: KafkaClient,
  { group, activity }: Pick<Workspace, "group" | "activity">,
): Promise<void> {
  const admin = createTopicAdmin({ kafka });
  try {
    for (let asked = 0; ; asked += 1) {
      const partitions = await admin.lag(group, [activity]);
      const left = partitions.reduce((sum, { lagRecords }) => sum + lagRecords, 0);
      if (left === 0) return;
      if (asked % 10 === 9) console.error(`${left} records to score`);
      await pause(askEveryMs);
    }
  } finally {
    await admin.close();
  }
}
