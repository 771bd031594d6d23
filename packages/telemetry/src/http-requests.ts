import type { IncomingMessage, ServerResponse } from "node:http";
import { context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { gauge, histogram } from "./metrics.ts";
import { contextFromHeaders, type TraceHeaders } from "./spans.ts";

const duration = histogram("http_server_request_duration_seconds");
const active = gauge("http_server_active_requests");
const tracer = trace.getTracer("holdfast");

/** Health checks and scrapes: no spans. */
const quietPaths = new Set(["/livez", "/readyz", "/metrics", "/version"]);

type RoutedRequest = IncomingMessage & { route?: { path?: unknown }; baseUrl?: string };

/**
 * An express middleware, the first of the chain: times every request, and makes it a span whose parent
 * is the caller's. Span and route label are named by the matched pattern (`/orders/:id`), never by the
 * path, so that the number of series stays bounded.
 */
export function observeRequests(): (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void {
  let requests = 0;
  return (request, response, next) => {
    const startedAt = performance.now();
    const method = request.method ?? "GET";
    const span = isQuiet(request) ? undefined : startSpan(method, request);
    active.set(++requests);
    response.once("close", () => {
      active.set(--requests);
      const route = routeOf(request);
      const status = response.statusCode;
      duration.record((performance.now() - startedAt) / 1000, {
        method,
        route: route ?? "unmatched",
        status: String(status),
      });
      if (span !== undefined) endSpan(span, { method, route, status });
    });
    if (span === undefined) next();
    else context.with(trace.setSpan(context.active(), span), next);
  };
}

function isQuiet({ url = "" }: IncomingMessage): boolean {
  return quietPaths.has(url.split("?", 1)[0] ?? "");
}

function startSpan(method: string, { headers }: IncomingMessage): Span {
  const attributes = { "http.request.method": method };
  const parent = contextFromHeaders(headers as TraceHeaders);
  return tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
}

interface Answered {
  readonly method: string;
  readonly route: string | undefined;
  readonly status: number;
}

/** As OpenTelemetry's conventions for HTTP servers say: what the client did wrong is no error of ours. */
function endSpan(span: Span, { method, route, status }: Answered): void {
  span.setAttribute("http.response.status_code", status);
  if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute("http.route", route);
  if (status >= 500) {
    span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute("error.type", String(status));
  }
  span.end();
}

function routeOf(request: RoutedRequest): string | undefined {
  const path = request.route?.path;
  return typeof path === "string" ? `${request.baseUrl ?? ""}${path}` : undefined;
}
