import { topics } from "@holdfast/contracts";
import type { TopicDefinition } from "./topic-admin.ts";

/** Where a group puts records, whole, that came too late to count as its others. */
export function lateTopic(topic: string, group: string): string {
  return `${topic}.${group}.late`;
}

const lateRetentionMs = 30 * 24 * 60 * 60 * 1000;
/** Any record that the original took, with the headers that say why it is here. */
const lateMaxBytes = 4 * 1024 * 1024;

/** The late output of `group` on each of `names`, with as many partitions as the original. */
export function lateTopics(
  group: string,
  names: readonly (keyof typeof topics)[],
): TopicDefinition[] {
  return names.map((name) => ({
    name: lateTopic(name, group),
    partitions: topics[name].partitions,
    config: {
      "retention.ms": String(lateRetentionMs),
      "max.message.bytes": String(lateMaxBytes),
    },
  }));
}
