import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobState, reportLineage } from "@holdfast/telemetry/lineage";
import { createFakeClock, createSequentialIds } from "@holdfast/testkit";
import { afterAll, expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { runEventSchema } from "./run-event-schema.ts";

const isRunEvent = new Ajv2020().compile(runEventSchema);
const folder = mkdtempSync(join(tmpdir(), "holdfast-lineage-"));
afterAll(() => rmSync(folder, { recursive: true }));

const job = {
  name: "outbox-order",
  integration: "DEBEZIUM",
  engineVersion: "3.6.1",
  inputs: [{ namespace: "postgres://db:5432", name: "order.public.outbox" }],
  outputs: [{ namespace: "kafka://kafka:9092", name: "orders" }],
};
const states: readonly JobState[] = [
  { job, state: "running" },
  { job, state: "running" },
  { job, state: "failed", error: "the slot is gone" },
  { job, state: "running" },
  { job, state: "away" },
  { job, state: "running" },
];

test("every run event is one by the specification", async () => {
  const file = join(folder, "events.jsonl");
  const clock = createFakeClock();
  let state = states[0];
  const reporter = reportLineage({
    destination: { file },
    namespace: "holdfast",
    jobs: () => (state === undefined ? [] : [state]),
    clock,
    ids: createSequentialIds(),
  });
  for (state of states) {
    reporter.look();
    clock.advance(60_000);
  }
  await reporter.stop();
  const events = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { eventType: string });
  const types = ["START", "RUNNING", "FAIL", "START", "ABORT", "START", "COMPLETE"];
  expect(events.map(({ eventType }) => eventType)).toEqual(types);
  for (const event of events) {
    isRunEvent(event);
    expect(isRunEvent.errors).toBeNull();
  }
});

test.each([
  { what: "a run and a job", event: { eventType: "START" } },
  { what: "a type that there is", event: { eventType: "BEGIN" } },
])("an event without $what is not one", ({ event }) => {
  expect(isRunEvent(event)).toBe(false);
});
