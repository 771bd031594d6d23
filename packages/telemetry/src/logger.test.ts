import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createLogger } from "./logger.ts";
import { withSpan } from "./spans.ts";
import { startTracingWith, stopTracing } from "./tracing.ts";

function capture() {
  const lines: string[] = [];
  const logger = createLogger({
    service: "test",
    level: "info",
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { logger, lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

beforeAll(() => {
  startTracingWith(undefined, { service: { name: "test", version: "1.0.0" }, ratio: 1 });
});
afterAll(() => stopTracing());

describe("the logger", () => {
  test("writes service, level, message and fields as one JSON line", () => {
    const { logger, lines } = capture();
    logger.warn({ orderId: "o1" }, "It waits.");
    logger.debug({}, "not at this level");
    expect(lines()).toEqual([
      expect.objectContaining({ level: "warn", service: "test", orderId: "o1", msg: "It waits." }),
    ]);
  });

  test("adds the ids of the active trace", async () => {
    const { logger, lines } = capture();
    await withSpan("process orders", {}, async (span) => {
      logger.info({}, "inside");
      const { traceId, spanId } = span.spanContext();
      expect(lines()[0]).toMatchObject({ trace_id: traceId, span_id: spanId });
    });
    logger.info({}, "outside");
    expect(lines()[1]).not.toHaveProperty("trace_id");
  });

  test("redacts fields, bindings of children, errors and messages", () => {
    const { logger, lines } = capture();
    const foreign = { group: "g", token: "secret" } as { group: string };
    logger.child(foreign).error({ err: new Error("4111 1111 1111 1111") }, "4111111111111111");
    const [line] = lines();
    expect(line).toMatchObject({ group: "g", token: "[redacted]", msg: "[redacted]" });
    expect(JSON.stringify(line)).not.toMatch(/4111|secret/);
  });
});
