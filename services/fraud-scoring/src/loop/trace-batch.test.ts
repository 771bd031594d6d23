import { startTracingWith, stopTracing } from "@holdfast/telemetry";
import { collectSpans } from "@holdfast/testkit";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { MemoryLog, MemoryStore, MemoryTopics } from "../testing/memory-partition.ts";
import { testContext } from "../testing/scorer-context.ts";
import { PartitionScorer } from "./partition-scorer.ts";
import { RecentTraces, SpanBudget } from "./trace-batch.ts";

const { exporter, spans } = collectSpans();
const provider = startTracingWith(exporter, {
  service: { name: "test", version: "1.0.0" },
  ratio: 1,
});

beforeEach(() => void spans.splice(0));
afterAll(() => stopTracing());

const start = Date.UTC(2026, 0, 1);
const traceIds = ["a", "b", "c"].map((digit) => digit.repeat(32));

/** Three payments of one card within a minute, each out of a trace of its own; the third raises an alert. */
async function score({
  flags,
  batchRecords = 100,
  tracedPerSecond = 100,
}: {
  flags: string;
  batchRecords?: number;
  tracedPerSecond?: number;
}) {
  const log = new MemoryLog();
  const pack = {
    generation: 1,
    rulesetId: "pack-1",
    files: [{ path: "r.yaml", content: "rules" }],
  };
  log.append("RulesetActivated", pack, { id: "barrier-1" });
  traceIds.forEach((traceId, second) => {
    log.append(
      "PaymentRequested",
      { cardFingerprint: "fp_a", paymentId: `pay-${second}`, occurredAt: start + second },
      {
        id: `event-${second}`,
        headers: { traceparent: `00-${traceId}-${"1".repeat(16)}-${flags}` },
      },
    );
  });
  const topics = new MemoryTopics();
  const tracing = { recent: new RecentTraces(10), budget: new SpanBudget(tracedPerSecond) };
  const context = { ...testContext({ store: new MemoryStore(), producer: topics }), tracing };
  await new PartitionScorer(context, log.stay({ batchRecords })).run();
  await provider.forceFlush();
  return topics;
}

const named = (name: string) => spans.filter((span) => span.name === name);
const linked = (span: (typeof spans)[number] | undefined) =>
  span?.links.map(({ context }) => context.traceId);

describe("the spans of a batch", () => {
  test("are, for each record, in the trace that the record came with", async () => {
    await score({ flags: "01" });
    const traces = named("process card-activity").map((span) => span.spanContext().traceId);
    expect(traces).toEqual(traceIds);
  });

  test("have one for the batch, in a trace of its own with links to all records", async () => {
    await score({ flags: "01" });
    const [batch, ...others] = named("score batch");
    expect(others).toEqual([]);
    expect(batch?.parentSpanContext).toBeUndefined();
    expect(linked(batch)).toEqual(traceIds);
  });

  test.each([1, 100])(
    "have one for an alert, with links to all payments that it rests on, in batches of %d",
    async (batchRecords) => {
      const topics = await score({ flags: "01", batchRecords });
      const [alert] = named("raise alert");
      expect(alert?.spanContext().traceId).toBe(traceIds[2]);
      expect(linked(alert)).toEqual(traceIds);
      const record = topics.sent.find(({ topic }) => topic === "fraud-alerts");
      expect(String(record?.headers?.["traceparent"])).toContain(alert?.spanContext().spanId);
    },
  );

  test("are not there for records that nobody samples", async () => {
    const topics = await score({ flags: "00" });
    expect(spans).toEqual([]);
    const decision = topics.sent.find(({ topic }) => topic === "fraud-decisions");
    expect(String(decision?.headers?.["traceparent"])).toContain(traceIds[0]);
  });
});

test("beyond the budget only payments that are not approved have spans; all traces go on", async () => {
  const topics = await score({ flags: "01", tracedPerSecond: 1 });
  const recorded = named("process card-activity").map((span) => span.spanContext().traceId);
  expect(recorded).toEqual([traceIds[0], traceIds[2]]);
  const traceparents = topics.sent
    .filter(({ topic }) => topic === "fraud-decisions")
    .map(({ headers }) => String(headers?.["traceparent"]));
  expect(traceparents[1]).toBe(`00-${traceIds[1]}-${"1".repeat(16)}-01`);
  expect(linked(named("raise alert")[0])).toEqual(traceIds);
});

test("a budget is earned anew with time, and never more than a second's worth", () => {
  const budget = new SpanBudget(2);
  const takes = [0, 0, 0, 500, 500, 60_000, 60_000, 60_000].map((atMs) => budget.take(atMs));
  expect(takes).toEqual([true, true, false, true, false, true, true, false]);
});

test("remembered traces are bounded: the oldest are forgotten", () => {
  const recent = new RecentTraces(2);
  for (const id of ["1", "2", "3"]) recent.remember(id, { traceparent: `trace of ${id}` });
  expect(recent.of(["1", "2", "3"])).toEqual([
    { traceparent: "trace of 2" },
    { traceparent: "trace of 3" },
  ]);
});
