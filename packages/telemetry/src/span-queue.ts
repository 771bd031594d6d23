import { TraceFlags } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import {
  BatchSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import type { Logger } from "./logger.ts";
import { counter } from "./metrics.ts";

/** Spans in memory, waiting or on their way; more than this are dropped. */
export const maxHeldSpans = 2_048;
/** How long the collector may take for a batch. */
export const exportTimeoutMs = 2_000;

const spansTotal = counter("trace_spans_total");

/**
 * Sends finished spans in batches, in the background. Whatever the collector does (down, slow,
 * refusing, silent), nobody waits for it and at most `maxHeldSpans` spans are kept; what becomes of
 * each is counted in trace_spans_total. The log says why, once for every row of failures.
 */
export function queueSpans(exporter: SpanExporter, logger?: Logger): SpanProcessor {
  let held = 0;
  let failing = false;
  const batches = new BatchSpanProcessor({
    exporter: {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          // Not before: a collector that never answers must not let batches pile up on the way.
          held -= spans.length;
          const isTaken = result.code === ExportResultCode.SUCCESS;
          spansTotal.add(spans.length, { result: isTaken ? "exported" : "failed" });
          if (!isTaken && !failing) logger?.warn({ err: result.error }, "Spans were not taken");
          failing = !isTaken;
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
      forceFlush: async () => exporter.forceFlush?.(),
    },
    maxQueueSize: maxHeldSpans,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: exportTimeoutMs,
  });
  return {
    onStart: () => undefined,
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (held >= maxHeldSpans) {
        spansTotal.add(1, { result: "dropped" });
        return;
      }
      held += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}
