import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { createFakeClock, createSequentialIds } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { renderMetrics } from "../metrics.ts";
import type { LineageDestination } from "./destination.ts";
import { type JobState, type LineageJob, reportLineage } from "./report-lineage.ts";
import { tellEveryMs } from "./runs.ts";

const job: LineageJob = {
  name: "fraud-scoring",
  integration: "HOLDFAST",
  engineVersion: "1.0.0",
  inputs: [{ namespace: "kafka://kafka:9092", name: "card-activity" }],
  outputs: [{ namespace: "kafka://kafka:9092", name: "fraud-decisions" }],
};

interface Event {
  readonly eventType: string;
  readonly run: { readonly runId: string; readonly facets: Record<string, object> };
  readonly job: { readonly name: string };
}

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-lineage-"));
  file = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const written = (): Event[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);

function reporter(destination: LineageDestination = { file }) {
  const clock = createFakeClock();
  let states: readonly JobState[] = [];
  const options = { destination, namespace: "holdfast", clock, ids: createSequentialIds() };
  const report = reportLineage({ ...options, jobs: () => states });
  const see = (...next: JobState[]) => {
    states = next;
    report.look();
  };
  return { clock, see, stop: () => report.stop() };
}

const running: JobState = { job, state: "running" };
const types = () => written().map(({ eventType }) => eventType);

describe("a job's run", () => {
  test("begins once, is told again every minute, and is complete when this process stops", async () => {
    const { clock, see, stop } = reporter();
    see(running);
    see(running);
    clock.advance(tellEveryMs);
    see(running);
    await stop();
    expect(types()).toEqual(["START", "RUNNING", "COMPLETE"]);
    expect(new Set(written().map(({ run }) => run.runId)).size).toBe(1);
  });

  test("fails with its reason, and the next one has another id", async () => {
    const { see, stop } = reporter();
    see(running);
    see({ job, state: "failed", error: "the slot is gone" });
    see({ job, state: "failed", error: "the slot is gone" });
    see(running);
    await stop();
    expect(types()).toEqual(["START", "FAIL", "START", "COMPLETE"]);
    expect(written()[1]?.run.facets["errorMessage"]).toMatchObject({ message: "the slot is gone" });
    expect(new Set(written().map(({ run }) => run.runId)).size).toBe(2);
  });

  test.each([
    ["away", [{ job, state: "away" } as const]],
    ["not known any more", []],
  ])("is aborted when it is %s", async (_, states) => {
    const { see, stop } = reporter();
    see(running);
    see(...states);
    await stop();
    expect(types()).toEqual(["START", "ABORT"]);
  });
});

describe("an endpoint", () => {
  async function endpoint(status: number) {
    const taken: Event[] = [];
    const server = createServer(async (request, response) => {
      if (request.url === "/api/v1/lineage") taken.push((await json(request)) as Event);
      response.writeHead(status).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, taken, close: () => server.close() };
  }

  const count = async (result: string): Promise<number> => {
    const found = new RegExp(`lineage_events_total{result="${result}"} (\\d+)`);
    return Number(found.exec(await renderMetrics())?.[1] ?? 0);
  };

  test("gets the events in their order", async () => {
    const { url, taken, close } = await endpoint(201);
    const { see, stop } = reporter({ url });
    see(running);
    await stop();
    close();
    expect(taken.map(({ eventType }) => eventType)).toEqual(["START", "COMPLETE"]);
  });

  test.each([
    ["refuses", async () => endpoint(503)],
    ["is away", async () => ({ url: "http://127.0.0.1:9", close: () => undefined })],
  ])("that %s costs events, which are counted", async (_, make) => {
    const before = await count("failed");
    const { url, close } = await make();
    const { see, stop } = reporter({ url });
    see(running);
    await stop();
    close();
    expect(await count("failed")).toBe(before + 2);
  });
});
