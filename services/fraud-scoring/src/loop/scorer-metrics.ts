import { counter, histogram, observe } from "@holdfast/telemetry";
import type { SetAsideReason } from "../domain/partition-machine.ts";
import type { BatchTally } from "./batch-tally.ts";

/** What a running partition says of itself when metrics are read. */
export interface PartitionStatus {
  /** How far the watermark lies behind now; infinite before the first event. */
  readonly watermarkDelayMs: number;
  /** Records on the log that are not scored yet. */
  readonly lagRecords: number;
  readonly generation: number;
  readonly cacheBytes: number;
  readonly cachedCards: number;
}

/** Where a partition's work reports its state. */
export interface PartitionReport {
  running(status: () => PartitionStatus): void;
  ended(): void;
}

/** The scorer's metrics, and the states of its partitions, which readiness asks for as well. */
export interface ScorerMetrics {
  partition(partition: number): PartitionReport;
  /** Partitions whose state is being taken over. */
  takingOver(): number[];
  /** The partitions that are scored here. */
  running(): ReadonlyMap<number, PartitionStatus>;
  lookedUp(cards: number, misses: number): void;
  /** A batch was published at `nowMs`. */
  published(tally: BatchTally, nowMs: number): void;
  fenced(reason: "load" | "write"): void;
}

const decisions = counter("fraud_decisions_total");
const decisionSeconds = histogram("fraud_decision_duration_seconds");
const lateness = histogram("fraud_event_lateness_seconds");
const alerts = counter("fraud_alerts_total");
const ruleResults = counter("fraud_rule_results_total");
const setAside = counter("fraud_events_set_aside_total");
const deadLetters = counter("dlq_records_total");
const batchRecords = histogram("fraud_batch_records");
const lookups = counter("fraud_cache_lookups_total");
const fenceStops = counter("fraud_fence_stops_total");

/** Registers the metrics of this process's scorer; `activityTopic` labels its dead letters. */
export function createScorerMetrics(activityTopic: string): ScorerMetrics {
  const takingOver = new Set<number>();
  const running = new Map<number, () => PartitionStatus>();
  observePartitions(takingOver, running);
  return {
    partition: (partition) => {
      takingOver.add(partition);
      return {
        running: (status) => {
          takingOver.delete(partition);
          running.set(partition, status);
        },
        ended: () => {
          takingOver.delete(partition);
          running.delete(partition);
        },
      };
    },
    takingOver: () => [...takingOver],
    running: () => new Map([...running].map(([partition, status]) => [partition, status()])),
    lookedUp: (cards, misses) => {
      if (cards > misses) lookups.add(cards - misses, { result: "hit" });
      if (misses > 0) lookups.add(misses, { result: "miss" });
    },
    published: (tally, nowMs) => countBatch(tally, { nowMs, topic: activityTopic }),
    fenced: (reason) => fenceStops.add(1, { reason }),
  };
}

function observePartitions(
  takingOver: ReadonlySet<number>,
  running: ReadonlyMap<number, () => PartitionStatus>,
): void {
  const each = async (value: (status: PartitionStatus) => number) =>
    [...running].map(([partition, status]) => ({
      value: value(status()),
      labels: { partition: String(partition) },
    }));
  observe("fraud_partitions_owned", async () => [
    { value: takingOver.size, labels: { state: "taking_over" } },
    { value: running.size, labels: { state: "running" } },
  ]);
  observe("fraud_ruleset_generation", () => each(({ generation }) => generation));
  observe("fraud_partition_lag_records", () => each(({ lagRecords }) => lagRecords));
  observe("fraud_watermark_delay_seconds", async () =>
    (await each(({ watermarkDelayMs }) => watermarkDelayMs / 1000)).filter(({ value }) =>
      Number.isFinite(value),
    ),
  );
  observe("fraud_cache_bytes", async () => {
    const values = [...running.values()].map((status) => status().cacheBytes);
    return [{ value: values.reduce((sum, bytes) => sum + bytes, 0), labels: {} }];
  });
}

function countBatch(tally: BatchTally, { nowMs, topic }: { nowMs: number; topic: string }): void {
  batchRecords.record(tally.records);
  for (const [outcome, sum] of tally.outcomes)
    decisions.add(sum, { outcome: outcome.toLowerCase() });
  for (const at of tally.appendedAt) decisionSeconds.record(Math.max(nowMs - at, 0) / 1000);
  for (const behindMs of tally.behindMs) lateness.record(behindMs / 1000);
  for (const [rule, sums] of tally.rules) {
    for (const [result, sum] of sums) ruleResults.add(sum, { rule, result: result.toLowerCase() });
  }
  for (const { ruleId, phase } of tally.alerts) {
    alerts.add(1, { rule: ruleId, phase: phase.toLowerCase() });
  }
  for (const { reason, errorClass } of tally.setAside) {
    setAside.add(1, { reason });
    if (isDeadLetter(reason)) deadLetters.add(1, { topic, error_class: errorClass });
  }
}

function isDeadLetter(reason: SetAsideReason): boolean {
  return reason === "quarantined" || reason === "unusable" || reason === "invalid_ruleset";
}
