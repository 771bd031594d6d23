import { silentLogger } from "@holdfast/telemetry";
import { DurableOffsets } from "../loop/durable-offsets.ts";
import { topicNames } from "../loop/outgoing.ts";
import { PartitionScorer, type ScorerContext } from "../loop/partition-scorer.ts";
import { createScorerMetrics } from "../loop/scorer-metrics.ts";
import { RecentTraces, SpanBudget } from "../loop/trace-batch.ts";
import { type MemoryLog, MemoryStore, MemoryTopics, testCodec } from "./memory-partition.ts";
import { compileQuietCard, quietCardRuleset } from "./quiet-card-engine.ts";

const metrics = createScorerMetrics("card-activity");

/** A scorer's surroundings under the test engine: commits at once, caches everything. */
export function testContext(
  parts: Pick<ScorerContext, "store" | "producer"> & {
    readonly limits?: Partial<ScorerContext["limits"]>;
  },
): ScorerContext {
  return {
    store: parts.store,
    offsets: new DurableOffsets(parts.store, 0),
    producer: parts.producer,
    codec: testCodec,
    encoding: {
      codec: testCodec,
      topics: topicNames("", "fraud-scoring"),
      group: "fraud-scoring",
    },
    compile: compileQuietCard,
    restore: ({ generation }) => quietCardRuleset(generation),
    engineVersion: "test",
    limits: {
      commit: { intervalMs: 1, records: 1 },
      maxBatchRecords: 1_000,
      maxUncommittedRecords: 10_000,
      maxFiringsPerRecord: 100,
      cacheBytes: () => 64 * 1024 * 1024,
      ...parts.limits,
    },
    clock: { now: () => 0 },
    metrics,
    tracing: { recent: new RecentTraces(100), budget: new SpanBudget(100) },
    logger: silentLogger,
  };
}

/** Scores a log to its end, in batches of `batchRecords`. */
export async function scored(
  log: MemoryLog,
  {
    batchRecords,
    ...limits
  }: Partial<ScorerContext["limits"]> & { readonly batchRecords?: number } = {},
) {
  const store = new MemoryStore();
  const topics = new MemoryTopics();
  const context = testContext({ store, producer: topics, limits });
  const stay = log.stay(batchRecords === undefined ? {} : { batchRecords });
  await new PartitionScorer(context, stay).run();
  return { store, topics };
}
