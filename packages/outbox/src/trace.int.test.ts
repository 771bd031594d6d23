import {
  currentTraceId,
  silentLogger,
  startTracingWith,
  stopTracing,
  withSpan,
} from "@holdfast/telemetry";
import { buildEvent, createFakeClock, useTestDatabase } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createWorkQueue } from "./work-queue-worker.ts";

const db = useTestDatabase();

beforeAll(() => {
  startTracingWith(undefined, { service: { name: "test", version: "0" }, ratio: 1 });
});
afterAll(() => stopTracing());

test("an event, and a step that is put off, carry on the trace in which they were decided", async () => {
  const queue = createWorkQueue({
    database: db.database,
    name: "steps",
    clock: createFakeClock(),
    logger: silentLogger,
    perform: async () => async (tx) => {
      const event = buildEvent("PaymentCaptured");
      await tx.publish("payments", "PaymentCaptured", event, { key: "c", entityId: "later" });
    },
  });
  const traceId = await withSpan("process orders", {}, async () => {
    await db.database.transact(async (tx) => {
      const event = buildEvent("OrderPlaced");
      await tx.publish("orders", "OrderPlaced", event, { key: "c", entityId: "now" });
      await queue.schedule(tx, { key: "k", payload: {} });
    });
    return currentTraceId();
  });
  expect(await queue.runDue()).toBe(1);
  const traces = (await db.published()).map(({ traceparent }) => traceparent?.split("-")[1]);
  expect(traces).toEqual([traceId, traceId]);
});

test("a step that schedules its own successor begins a trace each time, when it asks to", async () => {
  const traceIds: (string | undefined)[] = [];
  const queue = createWorkQueue({
    database: db.database,
    name: "rounds",
    clock: createFakeClock(),
    logger: silentLogger,
    perform: async () => async (tx) => {
      traceIds.push(currentTraceId());
      if (traceIds.length === 3) return;
      await queue.schedule(tx, { key: "k", payload: {}, newTrace: true });
    },
  });
  await db.database.transact((tx) => queue.schedule(tx, { key: "k", payload: {} }));
  expect(await queue.runDue()).toBe(3);
  expect(new Set(traceIds).size).toBe(3);
});
