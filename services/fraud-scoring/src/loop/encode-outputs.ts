import type { FraudDecided } from "@holdfast/contracts";
import type { OutgoingRecord } from "@holdfast/messaging";
import type { TraceHeaders } from "@holdfast/telemetry";
import type { Output } from "../domain/partition-machine.ts";
import type { DecisionRow } from "../store/partition-store.ts";
import { type Encoding, outgoingRecord } from "./outgoing.ts";
import type { ReadRecord } from "./read-records.ts";
import { BatchTrace, type RecentTraces } from "./trace-batch.ts";

/** What one batch made, and when it was made, milliseconds. */
export interface Made {
  readonly outputs: readonly Output[];
  readonly read: readonly ReadRecord[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Where alerts find the traces of the payments before. */
  readonly recent: RecentTraces;
}

/** A batch's outputs as records, in order, and its decisions as rows, those with hits first. */
export function encodeOutputs(encoding: Encoding, made: Made) {
  const batch = new BatchTrace({ ...made, group: encoding.group }, made.recent);
  const causes = new Map(made.read.map((read) => [read.record, read]));
  const records: OutgoingRecord[] = [];
  const withHits: DecisionRow[] = [];
  const without: DecisionRow[] = [];
  for (const output of made.outputs) {
    const cause = output.cause === null ? undefined : causes.get(output.cause);
    const trace = traceOf(batch, output, cause);
    const record = outgoingRecord(encoding, { output, source: cause?.source, trace });
    if (record === undefined) continue;
    records.push(record);
    if (output.kind !== "decision") continue;
    const row = decisionRow(output.decision, record);
    if (output.decision.rules.some(({ result }) => result !== "NO_HIT")) withHits.push(row);
    else without.push(row);
  }
  batch.end();
  return { records, decisions: [...withHits, ...without] };
}

function traceOf(batch: BatchTrace, output: Output, cause: ReadRecord | undefined): TraceHeaders {
  if (output.kind === "alert") return batch.ofAlert(output.alert, cause);
  return cause === undefined ? {} : batch.of(cause);
}

function decisionRow(decision: FraudDecided, record: OutgoingRecord): DecisionRow {
  return {
    decisionId: decision.decisionId,
    inputOffset: decision.inputOffset,
    card: decision.cardFingerprint,
    occurredAt: decision.occurredAt,
    payload: record.value ?? Buffer.alloc(0),
  };
}
