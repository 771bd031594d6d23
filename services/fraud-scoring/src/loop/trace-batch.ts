import type { FraudAlertRaised } from "@holdfast/contracts";
import { arrive, header } from "@holdfast/messaging";
import type { Clock } from "@holdfast/service-kit";
import { recordSpan, type TraceHeaders } from "@holdfast/telemetry";
import type { ReadRecord } from "./read-records.ts";

/** Of outputs that no trace belongs to. */
export const noTrace: TraceHeaders = {};

/** When a batch was begun, milliseconds since the epoch, and by which consumer group. */
export interface BatchWork {
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly group: string;
}

/** More links of one span than these are not sent: the SDK's own limit. */
const maxLinks = 128;

/**
 * The spans of one batch. Each record's work belongs to the trace that the record came with; the
 * batch, which belongs to none of them, is a trace of its own with links to all; an alert is a span
 * of the payment that raised it, with links to every payment that it rests on. Nothing is recorded
 * for records whose trace is not sampled.
 */
export class BatchTrace {
  readonly #work: BatchWork;
  readonly #recent: RecentTraces;
  readonly #sampled: TraceHeaders[] = [];
  #records = 0;
  #latest: { readonly read: ReadRecord; readonly trace: TraceHeaders } | undefined;

  constructor(work: BatchWork, recent: RecentTraces) {
    this.#work = work;
    this.#recent = recent;
  }

  /** The trace that a record's outputs belong to; records come in order. */
  of(read: ReadRecord): TraceHeaders {
    if (this.#latest?.read === read) return this.#latest.trace;
    const trace = traceOf(read, this.#work);
    this.#latest = { read, trace };
    this.#records += 1;
    if (isSampled(trace)) {
      this.#sampled.push(trace);
      this.#recent.remember(read.record.eventId, trace);
    }
    return trace;
  }

  /** The trace that an alert belongs to; `cause` is undefined when time alone raised it. */
  ofAlert(alert: FraudAlertRaised, cause: ReadRecord | undefined): TraceHeaders {
    const parent = cause === undefined ? noTrace : this.of(cause);
    const links = this.#recent.of(alert.eventIds);
    if (!isSampled(parent) && links.length === 0) return parent;
    const own = recordSpan("raise alert", {
      parent,
      links,
      ...this.#times(),
      attributes: {
        "holdfast.event_type": "FraudAlertRaised",
        "holdfast.alert_id": alert.alertId,
        "holdfast.rule_id": alert.ruleId,
        ...(alert.orderId !== null && { "holdfast.order_id": alert.orderId }),
      },
    });
    return own.traceparent === undefined ? parent : own;
  }

  /** Ends the batch; one of a single record is told by that record's own span. */
  end(): void {
    const latest = this.#latest?.read.source;
    if (latest === undefined || this.#sampled.length < 2) return;
    recordSpan("score batch", {
      parent: noTrace,
      links: this.#sampled.slice(0, maxLinks),
      ...this.#times(),
      attributes: {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": latest.topic,
        "messaging.destination.partition.id": String(latest.partition),
        "messaging.batch.message_count": this.#records,
      },
    });
  }

  #times() {
    return { startTimeMs: this.#work.startedAtMs, endTimeMs: this.#work.clock.now() };
  }
}

/**
 * The traces of the newest payments, by event id, so that an alert can name those before it. In memory
 * alone: an alert that follows a restart or a rebalance links to the payments since then.
 */
export class RecentTraces {
  readonly #capacity: number;
  readonly #traces = new Map<string, string>();

  /** The oldest are forgotten beyond `capacity`; one takes about 200 bytes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  remember(eventId: string, { traceparent }: TraceHeaders): void {
    if (traceparent === undefined) return;
    this.#traces.set(eventId, traceparent);
    if (this.#traces.size <= this.#capacity) return;
    const [oldest] = this.#traces.keys();
    if (oldest !== undefined) this.#traces.delete(oldest);
  }

  /** Those of the events that are remembered. */
  of(eventIds: readonly string[]): TraceHeaders[] {
    return eventIds.flatMap((id) => {
      const traceparent = this.#traces.get(id);
      return traceparent === undefined ? [] : [{ traceparent }];
    });
  }
}

/**
 * The trace that the outputs of a record belong to: a span of this hop when the sender's trace is
 * sampled, else what the record carried.
 */
function traceOf(read: ReadRecord, work: BatchWork): TraceHeaders {
  const { headers, topic, partition } = read.source;
  const traceparent = headers[header.traceparent];
  if (traceparent === undefined) return noTrace;
  const tracestate = headers[header.tracestate];
  const carried = { traceparent, ...(tracestate !== undefined && { tracestate }) };
  if (!isSampled(carried)) return carried;
  const own = recordSpan(`process ${topic}`, {
    kind: "consumer",
    parent: arrive({ record: read.source, group: work.group, nowMs: work.startedAtMs }),
    startTimeMs: work.startedAtMs,
    endTimeMs: work.clock.now(),
    attributes: {
      "messaging.system": "kafka",
      "messaging.operation.type": "process",
      "messaging.destination.name": topic,
      "messaging.destination.partition.id": String(partition),
      "messaging.kafka.offset": read.record.offset,
      "holdfast.event_id": read.record.eventId,
    },
  });
  return own.traceparent === undefined ? carried : own;
}

/** The lowest bit of the last field: W3C Trace Context §3.2.2.5. */
function isSampled({ traceparent }: TraceHeaders): boolean {
  return traceparent !== undefined && (Number.parseInt(traceparent.slice(-1), 16) & 1) === 1;
}
