import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventName, Events, TopicName } from "@holdfast/contracts";
import { createCodec } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { testStack } from "@holdfast/testkit";
import { readLog } from "./log.ts";

/** Every event of one type that the topic holds now, in the order of each partition. */
export async function readEvents<K extends EventName>(
  topic: TopicName,
  type: K,
): Promise<Events[K][]> {
  const cacheDir = await mkdtemp(join(tmpdir(), "holdfast-schemas-"));
  try {
    const registryUrl = testStack().schemaRegistryUrl;
    const codec = await createCodec({
      registryUrl,
      cacheDir,
      topics: [topic],
      logger: silentLogger,
    });
    const records = (await readLog([topic])).filter(({ headers }) => headers["eventType"] === type);
    return records.map(({ value }) => codec.decode(topic, value as Buffer).event as Events[K]);
  } finally {
    await rm(cacheDir, { recursive: true });
  }
}
