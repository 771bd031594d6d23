import type { IncomingMessage, ServerResponse } from "node:http";
import { gauge, histogram } from "./metrics.ts";

const duration = histogram("http_server_request_duration_seconds");
const active = gauge("http_server_active_requests");

type RoutedRequest = IncomingMessage & { route?: { path?: unknown }; baseUrl?: string };

/**
 * An express middleware, the first of the chain, that times every request. The route label is the
 * matched pattern (`/orders/:id`), never the path, so that the number of series stays bounded.
 */
export function httpMetrics(): (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void {
  let requests = 0;
  return (request, response, next) => {
    const startedAt = performance.now();
    active.set(++requests);
    response.once("close", () => {
      active.set(--requests);
      duration.record((performance.now() - startedAt) / 1000, {
        method: request.method ?? "GET",
        route: routeOf(request),
        status: String(response.statusCode),
      });
    });
    next();
  };
}

function routeOf(request: RoutedRequest): string {
  const path = request.route?.path;
  return typeof path === "string" ? `${request.baseUrl ?? ""}${path}` : "unmatched";
}
