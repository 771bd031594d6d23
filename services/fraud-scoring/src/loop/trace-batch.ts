import type { FraudAlertRaised } from "@holdfast/contracts";
import { arrive, header } from "@holdfast/messaging";
import type { Clock } from "@holdfast/service-kit";
import { counter, recordSpan, type TraceHeaders } from "@holdfast/telemetry";
import type { ReadRecord } from "./read-records.ts";

/** Of outputs that no trace belongs to. */
export const noTrace: TraceHeaders = {};
/** The way through change data capture, and the work. */
const spansPerRecord = 2;
const spansTotal = counter("trace_spans_total");

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
 * for records whose trace is not sampled, nor, when more of them come than tracing may cost, for
 * ordinary ones: their outputs then continue the trace that they came with.
 */
export class BatchTrace {
  readonly #work: BatchWork;
  readonly #tracing: ScorerTracing;
  readonly #sampled: TraceHeaders[] = [];
  #records = 0;
  #skipped = 0;
  #latest: { readonly read: ReadRecord; readonly trace: TraceHeaders } | undefined;

  constructor(work: BatchWork, tracing: ScorerTracing) {
    this.#work = work;
    this.#tracing = tracing;
  }

  /** The trace that a record's outputs belong to; records come in order. A notable one has spans always. */
  of(read: ReadRecord, isNotable: boolean): TraceHeaders {
    if (this.#latest?.read === read) return this.#latest.trace;
    const trace = this.#traceOf(read, isNotable);
    this.#latest = { read, trace };
    this.#records += 1;
    if (isSampled(trace)) {
      this.#sampled.push(trace);
      this.#tracing.recent.remember(read.record.eventId, trace);
    }
    return trace;
  }

  #traceOf(read: ReadRecord, isNotable: boolean): TraceHeaders {
    const carried = carriedBy(read);
    if (!isSampled(carried)) return carried;
    if (isNotable || this.#tracing.budget.take(this.#work.startedAtMs)) {
      return recordWork(read, carried, this.#work);
    }
    this.#skipped += spansPerRecord;
    return carried;
  }

  /** The trace that an alert belongs to; `cause` is undefined when time alone raised it. */
  ofAlert(alert: FraudAlertRaised, cause: ReadRecord | undefined): TraceHeaders {
    const parent = cause === undefined ? noTrace : this.of(cause, true);
    const links = this.#tracing.recent.of(alert.eventIds);
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
    if (this.#skipped > 0) spansTotal.add(this.#skipped, { result: "skipped" });
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
  readonly #half: number;
  /** A full one becomes the older one, which is forgotten whole: a Map is slow at losing its first entry. */
  #newer = new Map<string, string>();
  #older: ReadonlyMap<string, string> = new Map();

  /** Remembers `capacity` traces at most and half of them at least; one takes about 200 bytes. */
  constructor(capacity: number) {
    this.#half = capacity / 2;
  }

  remember(eventId: string, { traceparent }: TraceHeaders): void {
    if (traceparent === undefined) return;
    if (this.#newer.size >= this.#half) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(eventId, traceparent);
  }

  /** Those of the events that are remembered. */
  of(eventIds: readonly string[]): TraceHeaders[] {
    return eventIds.flatMap((id) => {
      const traceparent = this.#newer.get(id) ?? this.#older.get(id);
      return traceparent === undefined ? [] : [{ traceparent }];
    });
  }
}

/** How many of a process's records may have spans: a token bucket, filled by the batches' own clock. */
export class SpanBudget {
  readonly #perSecond: number;
  #left: number;
  #filledAtMs = 0;

  /** At most `perSecond` records a second, and as many at once. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** Whether one more record may have spans at `nowMs`. */
  take(nowMs: number): boolean {
    const earned = (Math.max(nowMs - this.#filledAtMs, 0) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#left + earned, this.#perSecond);
    this.#filledAtMs = Math.max(nowMs, this.#filledAtMs);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** What the scorers of one process share for their spans. */
export interface ScorerTracing {
  readonly recent: RecentTraces;
  readonly budget: SpanBudget;
}

/** The trace that a record came with. */
function carriedBy({ source: { headers } }: ReadRecord): TraceHeaders {
  const traceparent = headers[header.traceparent];
  if (traceparent === undefined) return noTrace;
  const tracestate = headers[header.tracestate];
  return { traceparent, ...(tracestate !== undefined && { tracestate }) };
}

/** Records a record's way here and the work on it. Returns what its outputs continue. */
function recordWork(read: ReadRecord, carried: TraceHeaders, work: BatchWork): TraceHeaders {
  const { topic, partition } = read.source;
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
