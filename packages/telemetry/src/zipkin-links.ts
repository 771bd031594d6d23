import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { overriding } from "./override-span.ts";

/** The tag in which links travel: Zipkin's format has no place for them. */
export const zipkinLinks = "links";

/** Writes each span's links into a tag, as `traceId:spanId` with spaces between. */
export function linksAsTag(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(withTag), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function withTag(span: ReadableSpan): ReadableSpan {
  if (span.links.length === 0) return span;
  const text = span.links.map(({ context }) => `${context.traceId}:${context.spanId}`).join(" ");
  return overriding(span, { attributes: { ...span.attributes, [zipkinLinks]: text } });
}

/** The links that such a tag tells of. */
export function readLinks(tag: string | undefined): { traceId: string; spanId: string }[] {
  return [...(tag ?? "").matchAll(/([0-9a-f]{32}):([0-9a-f]{16})/g)].map(
    ([, traceId = "", spanId = ""]) => ({ traceId, spanId }),
  );
}
