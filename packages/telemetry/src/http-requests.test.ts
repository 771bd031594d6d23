import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { collectSpans } from "@holdfast/testkit";
import { afterAll, expect, test } from "@jest/globals";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { observeRequests } from "./http-requests.ts";
import { currentTraceId } from "./spans.ts";
import { startTracingWith, stopTracing } from "./tracing.ts";

const { exporter, spans } = collectSpans();
const service = { name: "test", version: "1.0.0" };
const provider = startTracingWith(exporter, { service, ratio: 1 });
afterAll(() => stopTracing());

const traceId = "0af7651916cd43dd8448eb211c80319c";
const observe = observeRequests();

/** A request through the middleware, and the trace that its handler works in. */
async function answer(status: number, request: object): Promise<string | undefined> {
  const response = Object.assign(new EventEmitter(), { statusCode: status });
  const incoming = Object.assign(new EventEmitter(), { method: "GET", headers: {}, ...request });
  let seen: string | undefined;
  observe(incoming as IncomingMessage, response as unknown as ServerResponse, () => {
    seen = currentTraceId();
    response.emit("close");
  });
  await provider.forceFlush();
  return seen;
}

test("a request is a span of its caller's trace, named by its route", async () => {
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const route = { path: "/orders/:id" };
  expect(await answer(404, { url: "/orders/7", headers, route })).toBe(traceId);
  expect(spans.pop()).toMatchObject({
    name: "GET /orders/:id",
    kind: SpanKind.SERVER,
    parentSpanContext: { spanId: "b7ad6b7169203331" },
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      "http.request.method": "GET",
      "http.response.status_code": 404,
      "http.route": "/orders/:id",
    },
  });
});

test("what the service did wrong is an error, and a request without a route is named by its method", async () => {
  await answer(503, { url: "/nowhere" });
  const status = { code: SpanStatusCode.ERROR };
  expect(spans.pop()).toMatchObject({ name: "GET", status, attributes: { "error.type": "503" } });
});

test("health checks make no span", async () => {
  expect(await answer(200, { url: "/readyz?verbose" })).toBeUndefined();
  expect(spans).toEqual([]);
});
