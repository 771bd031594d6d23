import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "@jest/globals";
import { observeRequests } from "./http-requests.ts";
import { counter, gauge, histogram, renderMetrics } from "./metrics.ts";
import { observe } from "./observed-metrics.ts";

const line = async (start: string) =>
  (await renderMetrics()).split("\n").filter((text) => text.startsWith(start));

describe("metrics", () => {
  test("counters add up per set of labels, with help and type", async () => {
    counter("fraud_decisions_total").add(1, { outcome: "approve" });
    counter("fraud_decisions_total").add(2, { outcome: "approve" });
    expect(await line("fraud_decisions_total")).toEqual([
      'fraud_decisions_total{outcome="approve"} 3',
    ]);
    expect(await line("# TYPE fraud_decisions_total")).toEqual([
      "# TYPE fraud_decisions_total counter",
    ]);
  });

  test("histograms have the buckets of the schema", async () => {
    histogram("fraud_batch_records").record(30);
    expect(await line('fraud_batch_records_bucket{le="25"}')).toEqual([
      'fraud_batch_records_bucket{le="25"} 0',
    ]);
    expect(await line('fraud_batch_records_bucket{le="50"}')).toEqual([
      'fraud_batch_records_bucket{le="50"} 1',
    ]);
  });

  test("gauges keep the last value", async () => {
    gauge("payments_held").set(3);
    gauge("payments_held").set(2);
    expect(await line("payments_held")).toEqual(["payments_held 2"]);
  });

  test("observed values are read at each scrape, and are absent when reading fails", async () => {
    let read = async () => [{ value: 7, labels: { state: "placed" } }];
    const end = observe("orders_saga_state", () => read());
    expect(await line("orders_saga_state{")).toEqual(['orders_saga_state{state="placed"} 7']);
    read = async () => [{ value: 1, labels: { state: "accepted" } }];
    expect(await line("orders_saga_state{")).toEqual(['orders_saga_state{state="accepted"} 1']);
    read = async () => Promise.reject(new Error("the database is down"));
    const scrape = (await renderMetrics()).split("\n");
    expect(scrape.filter((text) => text.startsWith("orders_saga_state"))).toEqual([]);
    expect(scrape).toContain('metric_read_failures_total{metric="orders_saga_state"} 1');
    end();
  });

  test("requests are timed by their route's pattern, never by their path", async () => {
    const request = Object.assign(new EventEmitter(), { method: "GET", route: { path: "/o/:id" } });
    const response = Object.assign(new EventEmitter(), { statusCode: 404 });
    observeRequests()(
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse,
      () => response.emit("close"),
    );
    expect(await line("http_server_request_duration_seconds_count")).toEqual([
      'http_server_request_duration_seconds_count{method="GET",route="/o/:id",status="404"} 1',
    ]);
  });
});
