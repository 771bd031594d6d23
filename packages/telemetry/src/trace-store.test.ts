import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { jaegerStore, zipkinStore } from "./trace-store.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A store that answers every query with `answer` and remembers the last path. */
async function storeThatAnswers(status: number, answer: unknown) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  open.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const zipkinSpan = {
  traceId,
  id: "b7ad6b7169203331",
  parentId: "00f067aa0ba902b7",
  name: "process orders",
  timestamp: 1_700_000_000_000_000,
  duration: 2_500,
  localEndpoint: { serviceName: "payment" },
  tags: {
    "holdfast.order_id": "o1",
    "otel.status_code": "ERROR",
    links: "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b8",
  },
};

const linked = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b8" };

const jaegerAnswer = {
  result: {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "payment" } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: Buffer.from(traceId, "hex").toString("base64"),
                spanId: "b7ad6b7169203331",
                parentSpanId: "00f067aa0ba902b7",
                name: "process orders",
                startTimeUnixNano: "1700000000000000000",
                endTimeUnixNano: "1700000000002500000",
                attributes: [{ key: "holdfast.order_id", value: { stringValue: "o1" } }],
                status: { code: 2 },
                links: [{ traceId: linked.traceId, spanId: linked.spanId }],
              },
            ],
          },
        ],
      },
    ],
  },
};

const expected = {
  traceId,
  spanId: "b7ad6b7169203331",
  parentId: "00f067aa0ba902b7",
  service: "payment",
  name: "process orders",
  startMs: 1_700_000_000_000,
  durationMs: 2.5,
  attributes: expect.objectContaining({ "holdfast.order_id": "o1" }),
  failed: true,
  links: [linked],
};

const query = { service: "order", attribute: "holdfast.order_id", value: "o1", nowMs: 1_000 };

describe.each([
  { name: "Zipkin", store: zipkinStore, trace: [zipkinSpan], found: [[zipkinSpan]] },
  {
    name: "Jaeger",
    store: jaegerStore,
    trace: jaegerAnswer,
    found: { data: [{ traceID: traceId }] },
  },
])("$name", ({ store, trace, found }) => {
  test("gives the spans of a trace in one shape", async () => {
    const { url } = await storeThatAnswers(200, trace);
    expect(await store(url).read(traceId)).toEqual([expected]);
  });

  test("knows no spans of a trace that is not there", async () => {
    const { url } = await storeThatAnswers(404, {});
    expect(await store(url).read(traceId)).toEqual([]);
  });

  test("finds traces by an attribute", async () => {
    const { url, asked } = await storeThatAnswers(200, found);
    expect(await store(url).search(query)).toEqual([traceId]);
    expect(asked[0]).toContain("holdfast.order_id");
  });

  test("rejects when the store is in trouble", async () => {
    const { url } = await storeThatAnswers(500, {});
    await expect(store(url).read(traceId)).rejects.toThrow("500");
  });
});
