import { parse } from "yaml";
import { z } from "zod";

const DAY_MS = 86_400_000;

const topicSchema = z.strictObject({
  key: z.string(),
  partitions: z.int().positive(),
  retention: z.string().regex(/^\d+d$/, "days, such as 30d"),
  timestampType: z.enum(["CreateTime", "LogAppendTime"]).default("CreateTime"),
  writer: z.string(),
  events: z.array(z.string()).nonempty(),
});

/** One topic of the catalogue. */
export interface Topic {
  readonly name: string;
  readonly key: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly timestampType: "CreateTime" | "LogAppendTime";
  readonly writer: string;
  readonly events: readonly string[];
}

/** Reads infra/kafka/topics.yaml. Throws a ZodError that names every wrong field. */
export function parseTopics(text: string): Topic[] {
  const file = z.record(z.string(), topicSchema).parse(parse(text));
  return Object.entries(file).map(([name, { retention, ...topic }]) => ({
    name,
    ...topic,
    retentionMs: Number.parseInt(retention, 10) * DAY_MS,
  }));
}
