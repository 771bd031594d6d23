import { randomUUID } from "node:crypto";
import {
  jaegerStore,
  type StoredSpan,
  type TraceStore,
  zipkinStore,
} from "@holdfast/telemetry/trace-store";
import { testStack, waitFor } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { call, keys } from "../support/api.ts";
import { orderBody, placeOrder, registerCard, review, waitForStatus } from "../support/shop.ts";

/** A span of service `child` named `name` has a span of service `parent` as its parent. */
type Edge = readonly [parent: string, child: string, name: string];

const placed: readonly Edge[] = [
  ["order", "payment", "cdc orders"],
  ["order", "inventory", "cdc orders"],
  ["order", "notification", "cdc orders"],
  ["inventory", "order", "cdc stock"],
  ["payment", "fraud-scoring", "cdc card-activity"],
  ["fraud-scoring", "payment", "process fraud-decisions"],
  ["payment", "order", "cdc payments"],
];

const authorised: readonly Edge[] = [...placed, ["payment", "payment", "provider authorize"]];

const confirmed: readonly Edge[] = [...authorised, ["payment", "payment", "provider capture"]];

/** Zipkin in a native run without Jaeger; the address of a part that does not run throws. */
function traceStore(): TraceStore {
  const { address } = testStack();
  try {
    return zipkinStore(address("zipkinUrl"));
  } catch {
    return jaegerStore(address("jaegerUrl"));
  }
}

function edgesOf(spans: readonly StoredSpan[]): Set<string> {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return new Set(
    spans.flatMap((span) => {
      const parent = span.parentId === undefined ? undefined : byId.get(span.parentId);
      return parent === undefined ? [] : [`${parent.service} → ${span.service} ${span.name}`];
    }),
  );
}

/** The expected edges that the trace lacks, and the spans that hang loose in it. */
async function faultsOf(traceId: string, expected: readonly Edge[]): Promise<string[]> {
  const spans = await traceStore().read(traceId);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const edges = edgesOf(spans);
  return [
    ...expected
      .map(([parent, child, name]) => `${parent} → ${child} ${name}`)
      .filter((edge) => !edges.has(edge)),
    ...spans
      .filter(({ parentId }) => parentId !== undefined && !ids.has(parentId))
      .map(({ service, name }) => `${service} ${name} hangs loose`),
  ];
}

async function expectEdges(traceId: string, expected: readonly Edge[]): Promise<void> {
  let faults: string[] = [];
  await waitFor(
    async () => {
      faults = await faultsOf(traceId, expected);
      return faults.length === 0;
    },
    { limitMs: 15_000, everyMs: 500, what: "a whole trace" },
  ).catch(() => undefined);
  expect(faults).toEqual([]);
}

interface Placed {
  readonly orderId: string;
  readonly traceId: string;
}

/** Places an order; its trace is the one that the answer names. */
async function place(customerId: string, sku: string, paymentMethodId?: string): Promise<Placed> {
  const method = paymentMethodId ?? (await registerCard(customerId));
  const { status, headers, body } = await call<{ orderId: string }>("order", "/orders", {
    key: keys.shop,
    idempotencyKey: randomUUID(),
    body: orderBody({ customerId, paymentMethodId: method, sku }),
  });
  expect(status).toBe(202);
  const traceId = headers.get("traceresponse")?.split("-")[1] ?? "";
  return { orderId: body.orderId, traceId };
}

async function placeHeld(customerId: string): Promise<Placed> {
  const paymentMethodId = await registerCard(customerId);
  const sku = "SKU-COFFEE-MILL";
  await placeOrder({ customerId, paymentMethodId, sku });
  await placeOrder({ customerId, paymentMethodId, sku });
  const held = await place(customerId, sku, paymentMethodId);
  await waitForStatus(held.orderId, "under_review");
  return held;
}

describe("the trace", () => {
  test("of an approved order has every hop", async () => {
    const { orderId, traceId } = await place("cust_demo_042", "SKU-MUG");
    await waitForStatus(orderId, "confirmed");
    await expectEdges(traceId, confirmed);
  });

  test("of a held order has every hop, its alert included", async () => {
    const { traceId } = await placeHeld("cust_demo_043");
    await expectEdges(traceId, [
      ...authorised,
      ["fraud-scoring", "notification", "process fraud-alerts"],
    ]);
  });

  test("of an order that an analyst declines has every hop until it was held", async () => {
    const { orderId, traceId } = await placeHeld("cust_demo_044");
    await review(orderId, "decline");
    await waitForStatus(orderId, "cancelled");
    await expectEdges(traceId, authorised);
  });

  test("of an order that its customer cancels has every hop that was made", async () => {
    const { orderId, traceId } = await placeHeld("cust_demo_045");
    await call("order", `/orders/${orderId}/cancel`, { key: keys.shop, method: "POST" });
    await waitForStatus(orderId, "cancelled");
    await expectEdges(traceId, authorised);
  });

  test("is named by answers and by problems, and a malformed traceparent begins a new one", async () => {
    const url = new URL("/orders/nothing", testStack().address("order"));
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${keys.shop}`, traceparent: "00-zz-zz-99" },
    });
    const { trace_id } = (await response.json()) as { trace_id: string };
    expect(trace_id).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(response.headers.get("traceresponse")).toContain(trace_id);
  });
});
