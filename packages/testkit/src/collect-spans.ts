import type { startTracingWith } from "@holdfast/telemetry";

type Exporter = NonNullable<Parameters<typeof startTracingWith>[0]>;
type Span = Parameters<Exporter["export"]>[0][number];

/** An exporter that takes every span, and the spans that it has taken, in the order in which they ended. */
export function collectSpans(): { readonly exporter: Exporter; readonly spans: Span[] } {
  const spans: Span[] = [];
  const exporter: Exporter = {
    export: (batch, done) => {
      spans.push(...batch);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  };
  return { exporter, spans };
}
