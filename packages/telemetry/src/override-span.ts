import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/**
 * The span with other values for some of its properties; the span itself stays as it is. Written out:
 * an object that inherited from the span would be read slowly, and the span from then on as well.
 */
export function overriding(span: ReadableSpan, values: Partial<ReadableSpan>): ReadableSpan {
  const { name, kind, startTime, endTime, status, attributes, links, events, duration } = span;
  const { ended, resource, instrumentationScope, parentSpanContext } = span;
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
  const context = span.spanContext();
  return {
    name,
    kind,
    spanContext: () => context,
    ...(parentSpanContext !== undefined && { parentSpanContext }),
    startTime,
    endTime,
    status,
    attributes,
    links,
    events,
    duration,
    ended,
    resource,
    instrumentationScope,
    droppedAttributesCount,
    droppedEventsCount,
    droppedLinksCount,
    ...values,
  };
}
