import type { FraudDecided } from "@holdfast/contracts";
import type { OutgoingRecord } from "@holdfast/messaging";
import type { TraceHeaders } from "@holdfast/telemetry";
import type { Output } from "../domain/partition-machine.ts";
import type { DecisionRow } from "../store/partition-store.ts";
import { type Encoding, outgoingRecord } from "./outgoing.ts";
import type { ReadRecord } from "./read-records.ts";
import { type BatchTrace, noTrace } from "./trace-batch.ts";

/** What some records of a batch made. */
export interface Made {
  readonly outputs: readonly Output[];
  readonly read: readonly ReadRecord[];
  /** The spans of the whole batch. */
  readonly trace: BatchTrace;
}

/** Outputs as they are published and kept. */
export interface Encoded {
  readonly records: OutgoingRecord[];
  /** Decisions that some rule hit. */
  readonly withHits: DecisionRow[];
  readonly without: DecisionRow[];
}

/** Nothing yet. */
export function noOutputs(): Encoded {
  return { records: [], withHits: [], without: [] };
}

/** Appends outputs, in order, to `encoded`; causes come in the order of `read`, as the machine gives them. */
export function encodeOutputs(encoding: Encoding, made: Made, encoded: Encoded): void {
  let at = 0;
  for (const output of made.outputs) {
    if (output.cause !== null) while (made.read[at]?.record !== output.cause) at += 1;
    const cause = output.cause === null ? undefined : made.read[at];
    const trace = traceOf(made.trace, output, cause);
    const record = outgoingRecord(encoding, { output, source: cause?.source, trace });
    if (record === undefined) continue;
    encoded.records.push(record);
    if (output.kind !== "decision") continue;
    const isHit = output.decision.rules.some(({ result }) => result !== "NO_HIT");
    (isHit ? encoded.withHits : encoded.without).push(decisionRow(output.decision, record));
  }
}

function traceOf(batch: BatchTrace, output: Output, cause: ReadRecord | undefined): TraceHeaders {
  if (output.kind === "alert") return batch.ofAlert(output.alert, cause);
  if (cause === undefined) return noTrace;
  return batch.of(cause, output.kind === "decision" && output.decision.outcome !== "APPROVE");
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
