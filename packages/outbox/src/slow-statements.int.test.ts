import { startTracingWith, stopTracing, withSpan } from "@holdfast/telemetry";
import { collectSpans, useTestDatabase } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";

const db = useTestDatabase();

test("of a transaction's statements the slow ones are spans, and so is a slow one on its own", async () => {
  const { exporter, spans } = collectSpans();
  startTracingWith(exporter, { service: { name: "test", version: "0" }, ratio: 1 });
  const slow = { name: "sleep", text: "SELECT pg_sleep($1)" };
  await withSpan("process orders", {}, async () => {
    await db.database.transact(async (tx) => {
      await tx.query(slow, [0.03]);
      await tx.query("SELECT pg_sleep($1)", [0.03]);
    });
    await db.database.read(slow, [0.03]);
  });
  await db.database.read(slow, [0.03]);
  await stopTracing();
  const around = spans.find(({ name }) => name === "process orders");
  const statements = spans.filter(({ attributes }) => attributes["db.query.text"] === slow.text);
  expect(statements.map(({ name }) => name)).toEqual([
    "query sleep",
    "query SELECT",
    "query sleep",
  ]);
  for (const { parentSpanContext } of statements) {
    expect(parentSpanContext?.spanId).toBe(around?.spanContext().spanId);
  }
});
