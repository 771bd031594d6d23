import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

/** W3C trace headers of the active span; both null when nothing is traced. */
export interface TraceHeaders {
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** Reads the active span without relying on a registered propagator. */
export function activeTraceHeaders(): TraceHeaders {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined) return { traceparent: null, tracestate: null };
  const flags = span.traceFlags.toString(16).padStart(2, "0");
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${flags}`,
    tracestate: span.traceState?.serialize() || null,
  };
}

/** Runs `work` in a new span below the stored one, so that what was put off stays in its trace. */
export function inTrace<T>(name: string, stored: TraceHeaders, work: () => Promise<T>): Promise<T> {
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(stored.traceparent ?? "");
  const [, traceId = "", spanId = "", flags = "00"] = parent ?? [];
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  const around =
    parent === null ? context.active() : trace.setSpanContext(context.active(), remote);
  const tracer = trace.getTracer("@holdfast/outbox");
  return tracer.startActiveSpan(name, { kind: SpanKind.CONSUMER }, around, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
