import { startTracingWith, stopTracing, withSpan } from "@holdfast/telemetry";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { header, type Message } from "../message.ts";
import { contextWith, orderPlaced, recordWith } from "../testing/test-records.ts";
import { trace } from "./trace.ts";

interface Seen {
  readonly name: string;
  readonly parentSpanContext?: { readonly spanId: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  spanContext(): { readonly traceId: string; readonly spanId: string };
}

const seen: Seen[] = [];
const provider = startTracingWith(
  {
    export: (spans, done) => {
      seen.push(...spans);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  },
  { service: { name: "test", version: "0" }, ratio: 1 },
);
afterAll(stopTracing);
beforeEach(() => {
  seen.length = 0;
});

const sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function deliver(headers: Record<string, string>, message?: Message): Promise<Seen[]> {
  const record = recordWith({ headers });
  await trace()(async () => withSpan("sweep x", {}, async () => undefined))(
    contextWith({ record, ...(message !== undefined && { message }) }),
  );
  await provider.forceFlush();
  return seen;
}

const named = (name: string) => seen.find((span) => span.name === name);

test("the handling of a record out of an outbox hangs below its way through the log", async () => {
  const createdAt = "2026-01-01T00:00:00.123456Z";
  await deliver({ [header.traceparent]: sender, [header.createdAt]: createdAt });
  const [hop, processing] = [named("cdc orders"), named("process orders")];
  expect(hop?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  expect(processing?.parentSpanContext?.spanId).toBe(hop?.spanContext().spanId);
  expect(named("sweep x")?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
});

test.each([
  ["without", {}],
  ["with an unreadable", { [header.createdAt]: "yesterday" }],
])("a record %s time of writing has no such hop", async (_, headers) => {
  await deliver({ [header.traceparent]: sender, ...headers });
  expect(named("cdc orders")).toBeUndefined();
  expect(named("process orders")?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
});

test("a malformed traceparent begins a new trace", async () => {
  await deliver({ [header.traceparent]: "00-nonsense" });
  expect(named("process orders")?.parentSpanContext).toBeUndefined();
});

test("a span tells which order it was about", async () => {
  const record = recordWith({});
  const about = { id: "1", key: "c", entityId: null, entityVersion: null, record };
  await deliver({}, { ...about, type: "OrderPlaced", event: orderPlaced });
  expect(named("process orders")?.attributes["holdfast.order_id"]).toBe(orderPlaced.orderId);
});
