import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type OtlpTraces, type StoredSpan, spansOfOtlp } from "@holdfast/telemetry/trace-store";

/** What a receiver does with a request: take it, answer 503, or let it hang without an answer. */
export type ReceiverMood = "taking" | "refusing" | "silent";

/** A collector for tests: takes spans by OTLP over HTTP, as JSON, on a port of its own. */
export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  /** For an exporter that is given its whole address. */
  readonly tracesUrl: string;
  /** Every span that was taken, in the order of arrival. */
  readonly spans: readonly StoredSpan[];
  /** How many requests came, whatever became of them. */
  requests(): number;
  /** From the next request on. */
  be(mood: ReceiverMood): void;
  /** Closes the port; hanging requests end without an answer. */
  stop(): Promise<void>;
}

/** Starts a receiver that takes what it gets. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: StoredSpan[] = [];
  let requests = 0;
  let mood: ReceiverMood = "taking";
  const server = createServer(async (request, response) => {
    requests += 1;
    if (mood === "taking") await take(request, response, spans);
    else if (mood === "refusing") response.writeHead(503).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    tracesUrl: `${endpoint}/v1/traces`,
    spans,
    requests: () => requests,
    be: (next) => {
      mood = next;
    },
    stop: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  spans: StoredSpan[],
): Promise<void> {
  const isTraces = request.method === "POST" && request.url === "/v1/traces";
  const isJson = request.headers["content-type"] === "application/json";
  if (!isTraces || !isJson) {
    response.writeHead(isTraces ? 415 : 404).end();
    return;
  }
  spans.push(...spansOfOtlp((await json(request)) as OtlpTraces));
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
}
