import type { Instrumentation } from "@opentelemetry/instrumentation";
import { ExpressInstrumentation, ExpressLayerType } from "@opentelemetry/instrumentation-express";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";

const quietPaths = new Set(["/livez", "/readyz", "/metrics", "/version"]);

/**
 * HTTP, express (for the route's name) and fetch. Health checks and scrapes make no spans, nor do
 * calls without a parent. Neither Kafka nor Postgres is here: packages/messaging makes its own spans,
 * with the outbox's trace as their parent, and packages/outbox those of slow statements.
 */
export function instrumentations(): Instrumentation[] {
  return [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: ({ url = "" }) => quietPaths.has(url.split("?", 1)[0] ?? ""),
      requireParentforOutgoingSpans: true,
    }),
    new ExpressInstrumentation({
      ignoreLayersType: [
        ExpressLayerType.MIDDLEWARE,
        ExpressLayerType.ROUTER,
        ExpressLayerType.REQUEST_HANDLER,
      ],
    }),
    new UndiciInstrumentation({ requireParentforSpans: true }),
  ];
}
