import { type StoredSpan, type TraceStore, zipkinStore } from "@holdfast/telemetry/trace-store";
import { testStack, waitFor } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { eventServices } from "../../scripts/command/services.ts";
import { placeOrder, registerCard, waitForStatus } from "../support/shop.ts";

/** Spans whose parent is not in the trace, besides the root. */
function orphans(spans: readonly StoredSpan[]): StoredSpan[] {
  const ids = new Set(spans.map((span) => span.spanId));
  return spans.filter((span) => span.parentId !== undefined && !ids.has(span.parentId));
}

async function traceOf(store: TraceStore, orderId: string): Promise<StoredSpan[]> {
  const query = { service: "order", attribute: "holdfast.order_id", value: orderId };
  return waitFor(
    async () => {
      const [traceId] = await store.search({ ...query, nowMs: Date.now() });
      if (traceId === undefined) return undefined;
      const spans = await store.read(traceId);
      const seen = new Set(spans.map((span) => span.service));
      return (
        eventServices.every((service) => seen.has(service)) && orphans(spans).length === 0 && spans
      );
    },
    { limitMs: 30_000, what: `a trace of order ${orderId} through all services` },
  );
}

describe("an order", () => {
  test("is one trace from the request to the notification", async () => {
    const customerId = "cust_demo_041";
    const paymentMethodId = await registerCard(customerId);
    const orderId = await placeOrder({ customerId, paymentMethodId, sku: "SKU-MUG" });
    await waitForStatus(orderId, "confirmed");
    const spans = await traceOf(zipkinStore(testStack().address("zipkinUrl")), orderId);
    expect(spans.filter((span) => span.parentId === undefined)).toHaveLength(1);
  });
});
