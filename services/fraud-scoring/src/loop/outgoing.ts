import type { Codec, IncomingRecord, OutgoingRecord } from "@holdfast/messaging";
import { deadLetterRecord, header, lateTopic } from "@holdfast/messaging";
import type { TraceHeaders } from "@holdfast/telemetry";
import type { Output } from "../domain/partition-machine.ts";
import { noTrace } from "./trace-batch.ts";

/** The names on the broker; a replay has a set of its own. */
export interface TopicNames {
  readonly activity: string;
  readonly decisions: string;
  readonly alerts: string;
  readonly late: string;
}

/** The topics of a scorer whose names begin with `prefix`, empty in production. */
export function topicNames(prefix: string, group: string): TopicNames {
  return {
    activity: `${prefix}card-activity`,
    decisions: `${prefix}fraud-decisions`,
    alerts: `${prefix}fraud-alerts`,
    late: lateTopic(`${prefix}card-activity`, group),
  };
}

/** What turns outputs into records. */
export interface Encoding {
  readonly codec: Pick<Codec, "encode">;
  readonly topics: TopicNames;
  readonly group: string;
}

/** An output as it came about: its input as it lies on the log, and the trace that it belongs to. */
export interface Caused {
  readonly output: Output;
  /** Undefined when time alone made the output. */
  readonly source: IncomingRecord | undefined;
  readonly trace: TraceHeaders;
}

/** The record of an output; undefined for what is only counted. */
export function outgoingRecord(encoding: Encoding, caused: Caused): OutgoingRecord | undefined {
  const { codec, topics } = encoding;
  const { output, trace } = caused;
  if (output.kind === "decision") {
    const { decision } = output;
    return {
      topic: topics.decisions,
      key: decision.customerId,
      value: codec.encode("fraud-decisions", "FraudDecided", decision),
      headers: headersOf(decision.decisionId, "FraudDecided", trace),
    };
  }
  if (output.kind === "alert") {
    const { alert } = output;
    return {
      topic: topics.alerts,
      key: alert.cardFingerprint,
      value: codec.encode("fraud-alerts", "FraudAlertRaised", alert),
      headers: headersOf(alert.alertId, "FraudAlertRaised", trace),
    };
  }
  const { source } = caused;
  return source === undefined ? undefined : setAsideRecord(encoding, output, source);
}

function headersOf(id: string, eventType: string, trace: TraceHeaders): Record<string, string> {
  const own = { [header.id]: id, [header.eventType]: eventType };
  return trace === noTrace ? own : { ...own, ...trace };
}

type SetAside = Extract<Output, { kind: "set_aside" }>;

function setAsideRecord(
  { topics, group }: Encoding,
  output: SetAside,
  source: IncomingRecord,
): OutgoingRecord | undefined {
  if (output.reason === "duplicate") return undefined;
  const error = Object.assign(new Error(output.message), { name: output.errorClass });
  // The time of the failure is the log's, so that the same record is set aside in the same bytes.
  const letter = deadLetterRecord(source, {
    group,
    error,
    attempts: 1,
    firstFailedAtMs: source.timestampMs,
  });
  const isLate = output.reason === "late" || output.reason === "late_scored";
  return isLate ? { ...letter, topic: topics.late } : letter;
}
