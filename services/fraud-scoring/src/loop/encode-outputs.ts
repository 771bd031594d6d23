import type { FraudDecided } from "@holdfast/contracts";
import type { OutgoingRecord } from "@holdfast/messaging";
import type { TraceHeaders } from "@holdfast/telemetry";
import type { Output } from "../domain/partition-machine.ts";
import type { DecisionRow } from "../store/partition-store.ts";
import { type Encoding, outgoingRecord } from "./outgoing.ts";
import type { ReadRecord } from "./read-records.ts";
import { type BatchWork, traceOf } from "./trace-batch.ts";

/** What one batch made, and when it was made, milliseconds. */
export interface Made {
  readonly outputs: readonly Output[];
  readonly read: readonly ReadRecord[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** A batch's outputs as records, in order, and its decisions as rows, those with hits first. */
export function encodeOutputs(encoding: Encoding, made: Made) {
  const work: BatchWork = { ...made, group: encoding.group };
  const causes = new Map(made.read.map((read) => [read.record, read]));
  const traces = new Map<ReadRecord, TraceHeaders>();
  const records: OutgoingRecord[] = [];
  const withHits: DecisionRow[] = [];
  const without: DecisionRow[] = [];
  for (const output of made.outputs) {
    const cause = output.cause === null ? undefined : causes.get(output.cause);
    const trace = cause === undefined ? {} : traceOnce(traces, cause, work);
    const record = outgoingRecord(encoding, { output, source: cause?.source, trace });
    if (record === undefined) continue;
    records.push(record);
    if (output.kind !== "decision") continue;
    const row = decisionRow(output.decision, record);
    if (output.decision.rules.some(({ result }) => result !== "NO_HIT")) withHits.push(row);
    else without.push(row);
  }
  return { records, decisions: [...withHits, ...without] };
}

function traceOnce(traces: Map<ReadRecord, TraceHeaders>, cause: ReadRecord, work: BatchWork) {
  const trace = traces.get(cause) ?? traceOf(cause, work);
  traces.set(cause, trace);
  return trace;
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
