import {
  type Codec,
  createPartitionProcessor,
  createProducer,
  type KafkaClient,
  type PartitionProcessor,
} from "@holdfast/messaging";
import { createDeadLetterOffice, type Database } from "@holdfast/outbox";
import { type Clock, type Component, deadLetterRoutes, type Route } from "@holdfast/service-kit";
import { type Logger, observe } from "@holdfast/telemetry";
import { defaultMaxFiringsPerRecord } from "./domain/partition-machine.ts";
import { engineVersion } from "./engine-version.ts";
import { createHousekeeper } from "./housekeeper.ts";
import { fraudScoringRoutes } from "./http/routes.ts";
import { topicNames } from "./loop/outgoing.ts";
import { PartitionScorer, type ScorerContext } from "./loop/partition-scorer.ts";
import { createScorerMetrics, type ScorerMetrics } from "./loop/scorer-metrics.ts";
import { compileRuleset, restoreRuleset } from "./ruleset.ts";
import { estimateCards } from "./store/housekeeping.ts";
import { createPartitionStore } from "./store/partition-store.ts";
import { createStateReader, type RuleCounts } from "./store/read-state.ts";

/** The outside world, as the scorer sees it. */
export interface ScorerOptions {
  readonly database: Database;
  readonly kafka: KafkaClient;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly group: string;
  readonly topicPrefix: string;
  readonly cacheBytes: number;
  readonly commit: { readonly intervalMs: number; readonly records: number };
  readonly maxBatchRecords: number;
  readonly decisionsKept: number;
}

/** The scorer, ready to start. */
export interface Scorer {
  readonly routes: readonly Route[];
  readonly processor: PartitionProcessor;
  readonly metrics: ScorerMetrics;
  /** In the order of their start. */
  readonly components: readonly Component[];
}

const housekeepingIntervalMs = 5_000;
/** Commits may lag this many times behind before scoring waits for them. */
const maxCommitsBehind = 4;

/** card-activity → (card state, rules) → fraud-decisions, fraud-alerts, late output, dead letters. */
export function wireScorer(options: ScorerOptions): Scorer {
  const { database, kafka, codec, clock, logger, group } = options;
  const topics = topicNames(options.topicPrefix, group);
  const producer = createProducer({ kafka, logger });
  const metrics = createScorerMetrics(topics.activity);
  const context: ScorerContext = {
    store: createPartitionStore(database),
    producer,
    codec,
    encoding: { codec, topics, group },
    compile: compileRuleset,
    restore: restoreRuleset,
    engineVersion,
    limits: {
      commit: options.commit,
      maxBatchRecords: options.maxBatchRecords,
      maxUncommittedRecords: maxCommitsBehind * options.commit.records,
      maxFiringsPerRecord: defaultMaxFiringsPerRecord,
      cacheBytes: () => options.cacheBytes / Math.max(metrics.running().size, 1),
    },
    clock,
    metrics,
    logger,
  };
  const processor = createPartitionProcessor({
    kafka,
    group,
    topics: [topics.activity],
    logger,
    process: (stay) => new PartitionScorer(context, stay).run(),
  });
  const housekeeper = createHousekeeper({
    database,
    partitions: () => metrics.running().keys(),
    decisionsKept: options.decisionsKept,
    intervalMs: housekeepingIntervalMs,
    logger,
  });
  const deadLetters = createDeadLetterOffice({ ...options, producer, topics: [topics.activity] });
  const reader = createStateReader(database);
  observe("fraud_rule_labels_total", async () => ruleLabels(await reader.ruleCounts()));
  observe("fraud_state_cards", async () => [{ value: await estimateCards(database), labels: {} }]);
  return {
    routes: [...fraudScoringRoutes({ reader, codec }), ...deadLetterRoutes(deadLetters)],
    processor,
    metrics,
    components: [producer, processor, housekeeper],
  };
}

/** What people said of each rule's hits, its versions together: the precision of a rule. */
function ruleLabels(counts: readonly RuleCounts[]) {
  return [...Map.groupBy(counts, ({ ruleId }) => ruleId)].flatMap(([rule, versions]) =>
    (["confirmed", "refuted"] as const).map((label) => ({
      value: versions.reduce((sum, version) => sum + Number(version[label]), 0),
      labels: { rule, label },
    })),
  );
}
