import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import {
  annotateSpan,
  currentTraceHeaders,
  currentTraceId,
  recordSpan,
  type SpanAttributes,
  withSpan,
} from "./spans.ts";
import { startTracingWith, stopTracing } from "./tracing.ts";

const exporter = new InMemorySpanExporter();
const provider = startTracingWith(exporter, {
  service: { name: "test", version: "1.0.0" },
  ratio: 1,
});

beforeEach(() => exporter.reset());
afterAll(() => stopTracing());

async function exported() {
  await provider.forceFlush();
  return exporter.getFinishedSpans();
}

const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };

describe("spans", () => {
  test("are children of the headers' span, and headers lead back to them", async () => {
    await withSpan("process orders", { kind: "consumer", parent: headers }, async () => {
      expect(currentTraceId()).toBe("0af7651916cd43dd8448eb211c80319c");
      expect(currentTraceHeaders().traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
      await withSpan("send payments", { kind: "producer" }, async () => undefined);
    });
    const [inner, outer] = await exported();
    expect(outer?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect([outer?.kind, inner?.kind]).toEqual([SpanKind.CONSUMER, SpanKind.PRODUCER]);
  });

  test.each(["", "00-xyz", `${headers.traceparent}0`])(
    "start a new trace on the malformed traceparent '%s'",
    async (traceparent) => {
      await withSpan("process orders", { parent: { traceparent } }, async () => {
        expect(currentTraceId()).not.toBe("0af7651916cd43dd8448eb211c80319c");
      });
      expect((await exported())[0]?.parentSpanContext).toBeUndefined();
    },
  );

  test("link to the spans of a batch's records, and skip records without one", async () => {
    await withSpan("score batch", { links: [headers, {}] }, async () => undefined);
    const [span] = await exported();
    expect(span?.links.map(({ context }) => context.spanId)).toEqual(["b7ad6b7169203331"]);
  });

  test("keep of a failure its class alone", async () => {
    const failing = withSpan("process orders", {}, async () => {
      throw new TypeError("card 4111111111111111");
    });
    await expect(failing).rejects.toThrow(TypeError);
    const [span] = await exported();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span?.attributes).toEqual({ "error.type": "TypeError" });
    expect(span?.events).toEqual([]);
  });

  test("leave with allowed attributes alone, whoever set the others", async () => {
    await withSpan("process orders", { attributes: { "holdfast.order_id": "o" } }, async (span) => {
      span.setAttribute("url.full", "https://x/?token=secret");
      span.addEvent("exception", { "exception.type": "X", "exception.message": "secret" });
      annotateSpan({ "holdfast.outcome": "REVIEW", "user.email": "a@b.org" } as SpanAttributes);
    });
    const [span] = await exported();
    expect(span?.attributes).toEqual({ "holdfast.order_id": "o", "holdfast.outcome": "REVIEW" });
    expect(span?.events[0]?.attributes).toEqual({ "exception.type": "X" });
  });

  test("can be recorded after the fact, with their own times", async () => {
    const after = recordSpan("cdc orders", { parent: headers, startTimeMs: 1000, endTimeMs: 1500 });
    const [span] = await exported();
    expect([span?.startTime, span?.endTime]).toEqual([
      [1, 0],
      [1, 500_000_000],
    ]);
    expect(after.traceparent).toContain(span?.spanContext().spanId);
  });

  test("of measured times have whole microseconds, without which Zipkin refuses a batch", async () => {
    recordSpan("query sleep", { startTimeMs: 1999.9999996, endTimeMs: 2030.1234567 });
    const [span] = await exported();
    expect([span?.startTime, span?.endTime]).toEqual([
      [2, 0],
      [2, 30_123_000],
    ]);
  });
});
