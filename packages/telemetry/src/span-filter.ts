import type { Attributes } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { spanAttributes } from "./generated/names.ts";

const allowed: ReadonlySet<string> = new Set(spanAttributes);

/**
 * Wraps an exporter so that only attributes of the allow-list leave the process. Instrumentations
 * add what they like (full URLs, peers, exception messages that quote rows), hence the last gate
 * stands here. Status messages are dropped for the same reason; the log line of the same trace
 * has the redacted message.
 */
export function filterAttributes(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(filtered), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function filtered(span: ReadableSpan): ReadableSpan {
  const overrides: Partial<ReadableSpan> = {
    attributes: pick(span.attributes),
    status: { code: span.status.code },
    events: span.events.map((event) => ({
      ...event,
      ...(event.attributes && { attributes: pick(event.attributes) }),
    })),
    links: span.links.map(({ context }) => ({ context })),
  };
  return Object.create(span, propertiesOf(overrides)) as ReadableSpan;
}

function propertiesOf(values: object): PropertyDescriptorMap {
  const entries = Object.entries(values).map(([key, value]) => [key, { value, enumerable: true }]);
  return Object.fromEntries(entries) as PropertyDescriptorMap;
}

function pick(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => allowed.has(key)));
}
