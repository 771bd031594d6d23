import type { FraudDecided } from "@holdfast/contracts";
import { counter, histogram, observe } from "@holdfast/telemetry";
import type { Output } from "../domain/partition-machine.ts";

/** What a running partition says of itself when metrics are read. */
export interface PartitionStatus {
  readonly watermark: number;
  /** When the newest record that was applied was appended, milliseconds; NaN before the first. */
  readonly newestAppendAt: number;
  readonly generation: number;
  readonly cacheBytes: number;
  readonly cachedCards: number;
}

/** What one batch did. */
export interface AppliedBatch {
  readonly records: number;
  readonly outputs: readonly Output[];
  readonly nowMs: number;
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
  applied(batch: AppliedBatch): void;
  fenced(reason: "load" | "write"): void;
}

const decisions = counter("fraud_decisions_total");
const decisionSeconds = histogram("fraud_decision_duration_seconds");
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
    applied: (batch) => countBatch(batch, activityTopic),
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
  observe("fraud_watermark_delay_seconds", async () =>
    (await each(({ watermark, newestAppendAt }) => (newestAppendAt - watermark) / 1000)).filter(
      // Nothing can be said before the first event, and before the first record of a stay.
      ({ value }) => Number.isFinite(value),
    ),
  );
  observe("fraud_cache_bytes", async () => {
    const values = [...running.values()].map((status) => status().cacheBytes);
    return [{ value: values.reduce((sum, bytes) => sum + bytes, 0), labels: {} }];
  });
}

/** Sums first: a counter costs more than an addition, and a batch may have thousands of results. */
function countBatch({ records, outputs, nowMs }: AppliedBatch, topic: string): void {
  batchRecords.record(records);
  const outcomes = new Sums();
  const rules = new Map<string, Sums>();
  for (const output of outputs) {
    if (output.kind === "decision") {
      const { decision, cause } = output;
      outcomes.count(decision.outcome);
      decisionSeconds.record(Math.max(nowMs - cause.appendedAt, 0) / 1000);
      countResults(decision, rules);
    } else if (output.kind === "alert") {
      const { ruleId, phase } = output.alert;
      alerts.add(1, { rule: ruleId, phase: phase.toLowerCase() });
    } else {
      countSetAside(output, topic);
    }
  }
  outcomes.each((outcome, sum) => decisions.add(sum, { outcome }));
  for (const [rule, sums] of rules)
    sums.each((result, sum) => ruleResults.add(sum, { rule, result }));
}

/** How often each of a few words came. */
class Sums {
  readonly #sums: Record<string, number> = {};

  count(word: string): void {
    this.#sums[word] = (this.#sums[word] ?? 0) + 1;
  }

  /** In lower case, as labels are. */
  each(use: (word: string, sum: number) => void): void {
    for (const word in this.#sums) use(word.toLowerCase(), this.#sums[word] ?? 0);
  }
}

function countResults(decision: FraudDecided, rules: Map<string, Sums>): void {
  for (const { ruleId, result } of decision.rules) {
    let sums = rules.get(ruleId);
    if (sums === undefined) {
      sums = new Sums();
      rules.set(ruleId, sums);
    }
    sums.count(result);
  }
}

type SetAside = Extract<Output, { kind: "set_aside" }>;

function countSetAside({ reason, errorClass }: SetAside, topic: string): void {
  setAside.add(1, { reason });
  if (isDeadLetter(reason)) deadLetters.add(1, { topic, error_class: errorClass });
}

function isDeadLetter(reason: SetAside["reason"]): boolean {
  return reason === "quarantined" || reason === "unusable" || reason === "invalid_ruleset";
}
