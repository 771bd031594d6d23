export type { SpanName } from "./generated/names.ts";
export { logFields, metrics, spanAttributes } from "./generated/names.ts";
export { httpMetrics } from "./http-metrics.ts";
export * from "./logger.ts";
export * from "./metrics.ts";
export { redactText } from "./redact.ts";
export * from "./service-identity.ts";
export * from "./spans.ts";
export { startTracingWith, stopTracing } from "./tracing.ts";
