/** A service in little, to be started with the preload: an HTTP server that does one traced thing. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { renderMetrics } from "../metrics.ts";
import { currentTraceHeaders, withSpan } from "../spans.ts";

const server = createServer(async (request, response) => {
  if (request.url === "/metrics") {
    response.end(await renderMetrics());
    return;
  }
  await withSpan("sweep things", { attributes: { "holdfast.order_id": "o1" } }, async () => {
    response.setHeader("traceresponse", currentTraceHeaders().traceparent ?? "");
  });
  response.end();
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
