import type { Attributes } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { spanAttributes } from "./generated/names.ts";
import { overriding } from "./override-span.ts";
import { redactText } from "./redact.ts";

const allowed: ReadonlySet<string> = new Set(spanAttributes);

/**
 * Wraps an exporter so that only attributes of the allow-list leave the process, without card numbers.
 * Types alone do not keep them (a library may have a span of ours in hand), hence the last gate stands
 * here. Status messages are dropped for the same reason; the log line of the same trace has the
 * redacted message.
 */
export function filterAttributes(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(filtered), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function filtered(span: ReadableSpan): ReadableSpan {
  return overriding(span, {
    attributes: pick(span.attributes),
    status: { code: span.status.code },
    events: span.events.map((event) => ({
      ...event,
      ...(event.attributes && { attributes: pick(event.attributes) }),
    })),
    links: span.links.map(({ context }) => ({ context })),
  });
}

function pick(attributes: Attributes): Attributes {
  const picked: Attributes = {};
  for (const [key, value] of Object.entries(attributes)) {
    if (allowed.has(key)) picked[key] = typeof value === "string" ? redactText(value) : value;
  }
  return picked;
}
