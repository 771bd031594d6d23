import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { SpanName, spanAttributes } from "./generated/names.ts";

/** A span attribute that may leave the process; others do not compile and are dropped on export. */
export type SpanAttributeName = (typeof spanAttributes)[number];
export type SpanAttributes = {
  readonly [Name in SpanAttributeName]?: string | number | boolean;
};

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Headers as Kafka or HTTP carry them. Only traceparent and tracestate are read or written. */
export interface TraceHeaders {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

export interface SpanOptions {
  /** Default: internal. */
  readonly kind?: keyof typeof kinds;
  /** The headers of the hop that caused this work; without it the active span is the parent. */
  readonly parent?: TraceHeaders;
  /** The headers of other work that this span rests on: the records of a batch or a window. */
  readonly links?: readonly TraceHeaders[];
  readonly attributes?: SpanAttributes;
  /** Start in milliseconds since the epoch, for work that began elsewhere. Default: now. */
  readonly startTimeMs?: number;
}

const tracer = trace.getTracer("holdfast");

/**
 * Runs `work` inside a span. A rejection marks the span as failed, with the error's class and
 * never its message (messages may quote data), and is passed on. Without a started SDK it costs
 * next to nothing.
 */
export async function withSpan<T>(
  name: SpanName,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const parent =
    options.parent === undefined ? context.active() : contextFromHeaders(options.parent);
  const span = startSpan(name, options, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span);
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Records a span for work that is already over, from `startTimeMs` to `endTimeMs` (milliseconds
 * since the epoch): the way of a record through Debezium, the send of an outbox row.
 * Returns the headers by which later work can call this span its parent.
 */
export function recordSpan(
  name: SpanName,
  options: SpanOptions & { startTimeMs: number; endTimeMs: number },
): TraceHeaders {
  const parent =
    options.parent === undefined ? context.active() : contextFromHeaders(options.parent);
  const span = startSpan(name, options, parent);
  span.end(hrTime(options.endTimeMs));
  return headersOf(trace.setSpan(parent, span));
}

function startSpan(name: SpanName, options: SpanOptions, parent: Context): Span {
  const links = (options.links ?? []).flatMap((headers) => {
    const linked = trace.getSpanContext(contextFromHeaders(headers));
    return linked === undefined ? [] : [{ context: linked }];
  });
  return tracer.startSpan(
    name,
    {
      kind: kinds[options.kind ?? "internal"],
      attributes: { ...options.attributes },
      links,
      ...(options.startTimeMs !== undefined && { startTime: hrTime(options.startTimeMs) }),
    },
    parent,
  );
}

// As a pair, because the SDK takes a number before this process's start for one relative to it. In
// whole microseconds: Zipkin refuses every span of a batch in which one has a fraction.
function hrTime(ms: number): [seconds: number, nanoseconds: number] {
  const micros = Math.round(ms * 1_000);
  return [Math.floor(micros / 1e6), (micros % 1e6) * 1_000];
}

function failSpan(span: Span, error: unknown): void {
  const type = error instanceof Error ? error.name : typeof error;
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Adds attributes to the active span, if there is one. */
export function annotateSpan(attributes: SpanAttributes): void {
  trace.getActiveSpan()?.setAttributes({ ...attributes });
}

/** traceparent and tracestate of the active span; empty when nothing is traced. */
export function currentTraceHeaders(): TraceHeaders {
  return headersOf(context.active());
}

/** The traceparent of the active span, for an outbox row. */
export function currentTraceparent(): string | undefined {
  return currentTraceHeaders().traceparent;
}

/** The id of the active trace (32 hex digits), for a problem+json body. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/**
 * The context that headers of another process stand for. A missing or malformed traceparent
 * gives an empty context: the work then starts a trace of its own.
 */
export function contextFromHeaders(headers: TraceHeaders): Context {
  return propagation.extract(ROOT_CONTEXT, headers);
}

function headersOf(from: Context): TraceHeaders {
  const carrier: Record<string, string> = {};
  propagation.inject(from, carrier);
  return carrier;
}
