import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** The span with other values for some of its properties; the span itself stays as it is. */
export function overriding(span: ReadableSpan, values: Partial<ReadableSpan>): ReadableSpan {
  const entries = Object.entries(values).map(([key, value]) => [key, { value, enumerable: true }]);
  return Object.create(span, Object.fromEntries(entries) as PropertyDescriptorMap) as ReadableSpan;
}
