import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import { createLogger, type Logger } from "./logger.ts";
import type { ServiceIdentity } from "./service-identity.ts";
import { filterAttributes } from "./span-filter.ts";
import { exportTimeoutMs, queueSpans } from "./span-queue.ts";
import { TraceContext } from "./trace-context.ts";
import { linksAsTag } from "./zipkin-links.ts";

let provider: TracerProvider | undefined;

/**
 * Starts tracing as the environment says. OTEL_TRACES_EXPORTER: otlp | zipkin | none (default);
 * OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_ZIPKIN_ENDPOINT: where to; OTEL_TRACES_SAMPLER_ARG:
 * share of traces that are kept, 0 to 1 (default 1), by trace id and thus the same in every service;
 * what a caller kept is kept besides. Context (trace ids in logs, traceparent in headers) works with
 * `none` as well: ids are made, nothing is recorded. Throws on an unknown exporter.
 */
export async function startTracing(
  environment: NodeJS.ProcessEnv,
  service: ServiceIdentity,
): Promise<void> {
  const exporter = await createExporter(environment);
  startTracingWith(exporter, {
    service,
    ratio: Number(environment["OTEL_TRACES_SAMPLER_ARG"] ?? 1),
    logger: createLogger({ service: service.name }),
  });
}

interface TracingOptions {
  readonly service: ServiceIdentity;
  /** Share of traces that are kept. */
  readonly ratio: number;
  /** Told when the collector stops taking spans. */
  readonly logger?: Logger;
}

/** Starts tracing into a given exporter. Once per process. */
export function startTracingWith(
  exporter: SpanExporter | undefined,
  { service, ratio, logger }: TracingOptions,
): TracerProvider {
  provider = new TracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: service.name,
      [ATTR_SERVICE_VERSION]: service.version,
    }),
    sampler: exporter === undefined ? new AlwaysOffSampler() : shareOfTraces(ratio),
    spanProcessors: exporter === undefined ? [] : [queueSpans(filterAttributes(exporter), logger)],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new TraceContext());
  trace.setGlobalTracerProvider(provider);
  return provider;
}

/** A client that does not sample its own traces must not keep us from ours. */
function shareOfTraces(ratio: number): Sampler {
  const root = new TraceIdRatioBasedSampler(ratio);
  return new ParentBasedSampler({ root, remoteParentNotSampled: root });
}

// The exporters are imported on demand: a process pays for the one that it uses.
async function createExporter(environment: NodeJS.ProcessEnv): Promise<SpanExporter | undefined> {
  const choice = environment["OTEL_TRACES_EXPORTER"] ?? "none";
  if (choice === "none") return undefined;
  if (choice === "otlp") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return new OTLPTraceExporter({ timeoutMillis: exportTimeoutMs });
  }
  if (choice === "zipkin") {
    const { ZipkinExporter } = await import("@opentelemetry/exporter-zipkin");
    const url = environment["OTEL_EXPORTER_ZIPKIN_ENDPOINT"];
    return linksAsTag(new ZipkinExporter(url === undefined ? {} : { url }));
  }
  throw new Error(`OTEL_TRACES_EXPORTER is "${choice}"; known are otlp, zipkin and none`);
}

/** Sends what is queued and ends tracing; waits at most two seconds for a collector. */
export async function stopTracing(): Promise<void> {
  const stopping = provider?.shutdown();
  provider = undefined;
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, exportTimeoutMs);
  await Promise.race([stopping?.catch(() => undefined), timeout]);
  clearTimeout(timer);
}
