/** A service in little, to be started with the preload: an HTTP server that does one traced thing. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { observeRequests } from "../http-requests.ts";
import { renderMetrics } from "../metrics.ts";
import { currentTraceHeaders, withSpan } from "../spans.ts";

const observe = observeRequests();
const server = createServer((request, response) => {
  observe(request, response, () => void answer(request, response));
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === "/metrics") {
    response.end(await renderMetrics());
    return;
  }
  await withSpan("sweep things", { attributes: { "holdfast.order_id": "o1" } }, async () => {
    response.setHeader("traceresponse", currentTraceHeaders().traceparent ?? "");
  });
  response.end();
}

server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
