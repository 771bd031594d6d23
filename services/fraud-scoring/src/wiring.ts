import type { EventService, Wiring } from "@holdfast/event-service";
import { createPartitionProcessor } from "@holdfast/messaging";
import { createDeadLetterOffice } from "@holdfast/outbox";
import type { Component } from "@holdfast/service-kit";
import { observe } from "@holdfast/telemetry";
import { reportLineage } from "@holdfast/telemetry/lineage";
import type { Configuration } from "./config.ts";
import { defaultMaxFiringsPerRecord } from "./domain/partition-machine.ts";
import { engineVersion } from "./engine-version.ts";
import { createHousekeeper } from "./housekeeper.ts";
import { createBaseCurrency } from "./http/base-currency.ts";
import { fraudScoringRoutes } from "./http/routes.ts";
import { DurableOffsets } from "./loop/durable-offsets.ts";
import type { Encoded } from "./loop/encode-outputs.ts";
import { type TopicNames, topicNames } from "./loop/outgoing.ts";
import { PartitionScorer, type ScorerContext } from "./loop/partition-scorer.ts";
import { createScorerMetrics } from "./loop/scorer-metrics.ts";
import { RecentTraces, type ScorerTracing, SpanBudget } from "./loop/trace-batch.ts";
import { compileRuleset, restoreRuleset } from "./ruleset.ts";
import { AwaitedDecisions } from "./scoring/awaited-decisions.ts";
import { createDecisionFeed } from "./scoring/decision-feed.ts";
import { createScoring } from "./scoring/scoring.ts";
import { estimateCards } from "./store/housekeeping.ts";
import { createPartitionStore } from "./store/partition-store.ts";
import { createStateReader, type RuleCounts } from "./store/read-state.ts";

const housekeepingIntervalMs = 5_000;
/** About 10 MB: nine minutes at a hundred payments a second. */
const rememberedTraces = 50_000;
/** Ordinary payments that have spans of their own: more of them, and tracing would cost too much. */
const tracedPerSecond = 500;
/** A round of reading, loading and publishing costs the same for one payment as for twenty. */
const fetchIntervalMs = 5;
/** The offsets in Kafka are a hint: the database knows the position. */
const offsetIntervalMs = 500;
/** Commits may lag this many times behind before scoring waits for them. */
const maxCommitsBehind = 2;

/** card-activity → (card state, rules) → fraud-decisions, fraud-alerts, late output, dead letters. */
export function wireScorer(service: EventService, config: Configuration): Wiring {
  const { database, kafka, codec, logger, readiness } = service;
  const group = config.SCORER_GROUP;
  const topics = topicNames(config.SCORER_TOPIC_PREFIX ?? "", group);
  const metrics = createScorerMetrics(topics.activity);
  const awaited = new AwaitedDecisions();
  const feed = createDecisionFeed({ kafka, topic: topics.decisions, awaited, logger });
  const store = createPartitionStore(database);
  const context: ScorerContext = {
    ...service,
    store,
    offsets: new DurableOffsets(store, offsetIntervalMs),
    encoding: { codec, topics, group },
    compile: compileRuleset,
    restore: restoreRuleset,
    engineVersion,
    limits: limitsOf(config, () => metrics.running().size),
    onDecided: (decisions) => tellAwaiting(awaited, decisions),
    metrics,
    tracing: createTracing(),
  };
  const housekeeper = createHousekeeper({
    database,
    partitions: () => metrics.running().keys(),
    decisionsKept: config.SCORER_DECISIONS_KEPT,
    intervalMs: housekeepingIntervalMs,
    logger,
  });
  const reader = createStateReader(database);
  readiness.add("partitions", () => {
    const taking = metrics.takingOver();
    if (taking.length > 0) throw new Error(`taking over ${taking.join(", ")}`);
    return `${metrics.running().size} running`;
  });
  observe("fraud_rule_labels_total", async () => ruleLabels(await reader.ruleCounts()));
  observe("fraud_state_cards", async () => [{ value: await estimateCards(database), labels: {} }]);
  return {
    consumer: {
      processor: createPartitionProcessor({
        kafka,
        group,
        topics: [topics.activity],
        logger,
        limits: fetchLimitsOf(config),
        process: (stay) => new PartitionScorer(context, stay).run(),
      }),
      deadLetters: createDeadLetterOffice({ ...service, group, topics: [topics.activity] }),
      sweepers: [housekeeper],
    },
    routes: fraudScoringRoutes({
      ...service,
      reader,
      timeoutMs: config.SCORER_ANSWER_TIMEOUT_MS,
      baseCurrency: createBaseCurrency(reader, service.clock),
      scoring: createScoring({
        ...service,
        topic: topics.activity,
        awaited,
        feed,
        isOwn: (partition) => metrics.running().has(partition),
        find: (decisionId) => reader.decision(decisionId),
      }),
    }),
    components: [
      feed,
      reportScorer(service, config, { topics, runs: () => metrics.running().size > 0 }),
    ],
  };
}

function createTracing(): ScorerTracing {
  return { recent: new RecentTraces(rememberedTraces), budget: new SpanBudget(tracedPerSecond) };
}

function tellAwaiting(
  awaited: AwaitedDecisions,
  { withHits, without }: Pick<Encoded, "withHits" | "without">,
): void {
  if (awaited.isEmpty) return;
  for (const { decisionId, payload } of withHits) awaited.arrived(decisionId, payload);
  for (const { decisionId, payload } of without) awaited.arrived(decisionId, payload);
}

/** Tells an OpenLineage endpoint or file of this process as a job between topics. */
function reportScorer(
  { clock, ids }: EventService,
  config: Configuration,
  { topics, runs }: { topics: TopicNames; runs: () => boolean },
): Component {
  const namespace = `kafka://${config.KAFKA_BROKERS[0] ?? ""}`;
  const job = {
    name: config.SCORER_GROUP,
    integration: "HOLDFAST",
    engineVersion,
    inputs: [{ namespace, name: topics.activity }],
    outputs: [topics.decisions, topics.alerts].map((name) => ({ namespace, name })),
  };
  return reportLineage({
    destination: { url: config.OPENLINEAGE_URL, file: config.OPENLINEAGE_FILE },
    namespace: config.OPENLINEAGE_NAMESPACE,
    jobs: () => [{ job, state: runs() ? "running" : "away" }],
    clock,
    ids,
  });
}

/** A backlog stays on the broker: two rounds' worth of each partition is enough to be busy. */
function fetchLimitsOf({ SCORER_MAX_BATCH_RECORDS: records }: Configuration) {
  return {
    maxRecords: 2 * records,
    maxBytesPerPartition: 512 * 1024,
    fetchIntervalMs,
  };
}

/** How far commits may lag, and how much memory each partition gets of what all have together. */
function limitsOf(config: Configuration, runningPartitions: () => number): ScorerContext["limits"] {
  const { SCORER_COMMIT_INTERVAL_MS: intervalMs, SCORER_COMMIT_RECORDS: records } = config;
  const cacheBytes = config.SCORER_CACHE_MB * 1024 * 1024;
  return {
    commit: { intervalMs, records },
    maxBatchRecords: config.SCORER_MAX_BATCH_RECORDS,
    maxUncommittedRecords: maxCommitsBehind * records,
    maxFiringsPerRecord: defaultMaxFiringsPerRecord,
    cacheBytes: () => cacheBytes / Math.max(runningPartitions(), 1),
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
