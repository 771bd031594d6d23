import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type OtlpReceiver, startOtlpReceiver, waitFor } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { maxHeldSpans } from "./span-queue.ts";

const folder = import.meta.dirname;

let receiver: OtlpReceiver;
let program: ChildProcess | undefined;
let url = "";

beforeEach(async () => {
  receiver = await startOtlpReceiver();
});

afterEach(async () => {
  program?.kill("SIGKILL");
  program = undefined;
  await receiver.stop();
});

/** A process of its own, traced as services are: by the preload and the environment. */
async function startProgram(environment: Record<string, string> = {}): Promise<void> {
  program = fork(join(folder, "testing/traced-program.ts"), {
    execArgv: ["--import", join(folder, "start.ts")],
    env: {
      OTEL_SERVICE_NAME: "little",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      ...environment,
    },
  });
  const [port] = (await once(program, "message")) as [number];
  url = `http://127.0.0.1:${port}`;
}

async function call(headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}/things`, { headers });
  expect(response.status).toBe(200);
  return response.headers.get("traceresponse")?.split("-")[1] ?? "";
}

/** trace_spans_total, by result. */
async function spansBy(result: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`trace_spans_total{result="${result}"} (\\d+)`).exec(text)?.[1] ?? 0);
}

const reached = (result: string, count: number) =>
  waitFor(async () => (await spansBy(result)) >= count, {
    limitMs: 20_000,
    what: `${count} spans ${result}`,
  });

const someCalls = async (count: number) => {
  for (let left = count; left > 0; left -= 100) {
    await Promise.all(Array.from({ length: Math.min(left, 100) }, () => call()));
  }
};

describe("spans", () => {
  test("arrive at the collector with their service, names, parents and attributes", async () => {
    await startProgram();
    const traceId = await call();
    await reached("exported", 2);
    const [inner, outer] = ["sweep things", "GET"].map((name) =>
      receiver.spans.find((span) => span.name === name),
    );
    expect(inner).toMatchObject({
      traceId,
      service: "little",
      parentId: outer?.spanId,
      attributes: { "holdfast.order_id": "o1" },
    });
    expect(outer).toMatchObject({ traceId, service: "little", parentId: undefined });
  });

  test("of a client's trace join it, whether it samples or not", async () => {
    await startProgram();
    const sampled = "0af7651916cd43dd8448eb211c80319c";
    const unsampled = "1af7651916cd43dd8448eb211c80319c";
    expect(await call({ traceparent: `00-${sampled}-b7ad6b7169203331-01` })).toBe(sampled);
    expect(await call({ traceparent: `00-${unsampled}-b7ad6b7169203331-00` })).toBe(unsampled);
    await reached("exported", 4);
    expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(
      new Set([sampled, unsampled]),
    );
  });

  test("of a client's malformed traceparent begin a trace of their own", async () => {
    await startProgram();
    const traceparents = ["00-zz-zz-99", `00-${"0".repeat(32)}-b7ad6b7169203331-01`];
    for (const traceparent of traceparents) {
      expect(await call({ traceparent })).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    }
  });

  test("are a configured share, the same in every service", async () => {
    await startProgram({ OTEL_TRACES_SAMPLER_ARG: "0.5" });
    const low = `${"0".repeat(31)}1`;
    const high = `${"f".repeat(8)}${"0".repeat(24)}`;
    await call({ traceparent: `00-${low}-b7ad6b7169203331-00` });
    await call({ traceparent: `00-${high}-b7ad6b7169203331-00` });
    await reached("exported", 2);
    expect(receiver.spans.every(({ traceId }) => traceId === low)).toBe(true);
  });

  test("cost nothing without an exporter, and ids are made all the same", async () => {
    await startProgram({ OTEL_TRACES_EXPORTER: "none" });
    expect(await call()).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(receiver.requests()).toBe(0);
  });
});

describe("a collector", () => {
  test.each(["refusing", "silent"] as const)(
    "that is %s blocks nobody, keeps memory bounded and is told by a metric",
    async (mood) => {
      receiver.be(mood);
      await startProgram();
      // Two spans a call.
      await someCalls(maxHeldSpans);
      await reached("failed", 1);
      if (mood === "silent") expect(await spansBy("dropped")).toBeGreaterThan(0);
      expect(await spansBy("exported")).toBe(0);
    },
  );

  test("that is down blocks nobody, and gets later spans when it is back", async () => {
    receiver.be("refusing");
    await startProgram();
    await call();
    await reached("failed", 2);
    receiver.be("taking");
    const traceId = await call();
    await reached("exported", 2);
    expect(receiver.spans.map((span) => span.traceId)).toEqual([traceId, traceId]);
  });

  test("that nobody listens at fails at once", async () => {
    await startProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" });
    await call();
    await reached("failed", 2);
  });
});
