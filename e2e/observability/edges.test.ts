import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createProducer } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import type { StoredSpan } from "@holdfast/telemetry/trace-store";
import { testStack, waitFor } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { keptBy, readPolicies } from "../../scripts/otel/tail-sampling.ts";
import { type ApiResponse, call, keys } from "../support/api.ts";
import { findRecord, kafkaOfSuite } from "../support/log.ts";
import {
  orderBody,
  type Purchase,
  paymentOf,
  registerCard,
  waitForStatus,
} from "../support/shop.ts";
import {
  alerted,
  authorised,
  cancelled,
  confirmed,
  type Edge,
  faultsOf,
  placed,
  traceStore,
} from "../support/trace-edges.ts";

const policies = readPolicies(join(import.meta.dirname, "../.."));

/** Waits until the trace is whole, or fails with what it lacks. */
async function expectEdges(traceId: string, expected: readonly Edge[]): Promise<StoredSpan[]> {
  let spans: StoredSpan[] = [];
  await waitFor(
    async () => {
      spans = await traceStore().read(traceId);
      return faultsOf(spans, expected).length === 0;
    },
    { limitMs: 15_000, everyMs: 500, what: "a whole trace" },
  ).catch(() => undefined);
  expect(faultsOf(spans, expected)).toEqual([]);
  return spans;
}

/** The trace that an answer names. */
const traceOf = ({ headers }: ApiResponse<unknown>): string =>
  headers.get("traceresponse")?.split("-")[1] ?? "";

interface Placed {
  readonly orderId: string;
  readonly traceId: string;
  /** Of the request's own span. */
  readonly traceparent: string;
}

async function place(purchase: Purchase): Promise<Placed> {
  const answer = await call<{ orderId: string }>("order", "/orders", {
    key: keys.shop,
    idempotencyKey: randomUUID(),
    body: orderBody(purchase),
  });
  expect(answer.status).toBe(202);
  const traceparent = answer.headers.get("traceresponse") ?? "";
  return { orderId: answer.body.orderId, traceId: traceOf(answer), traceparent };
}

async function placeFor(customerId: string, sku: string, quantity = 1): Promise<Placed> {
  const paymentMethodId = await registerCard(customerId);
  return place({ customerId, paymentMethodId, sku, quantity });
}

/** The third dear payment within a minute is held. */
async function placeHeld(customerId: string): Promise<{ held: Placed; before: Placed[] }> {
  const paymentMethodId = await registerCard(customerId);
  const buy = () => place({ customerId, paymentMethodId, sku: "SKU-COFFEE-MILL" });
  const before = [await buy(), await buy()];
  const held = await buy();
  await waitForStatus(held.orderId, "under_review");
  return { held, before };
}

describe("the trace", () => {
  test("of an approved order has every hop", async () => {
    const { orderId, traceId } = await placeFor("cust_demo_042", "SKU-MUG");
    await waitForStatus(orderId, "confirmed");
    const spans = await expectEdges(traceId, confirmed);
    expect(keptBy(policies, spans)).toEqual([]);
  });

  test("of a held order has every hop, and its alert links to the payments before it", async () => {
    const { held, before } = await placeHeld("cust_demo_043");
    const spans = await expectEdges(held.traceId, [...authorised, ...alerted]);
    const alert = spans.find(({ name }) => name === "raise alert");
    const linked = alert?.links.map(({ traceId }) => traceId);
    expect(linked).toEqual([...before, held].map(({ traceId }) => traceId));
    expect(keptBy(policies, spans)).toEqual(
      expect.arrayContaining(["holds and refusals", "alerts"]),
    );
  });

  test("of an order that a rule declines never reaches the provider", async () => {
    const { orderId, traceId } = await placeFor("cust_demo_048", "SKU-SOFA", 6);
    await waitForStatus(orderId, "cancelled");
    const spans = await expectEdges(traceId, [...placed, ...alerted, ...cancelled]);
    expect(spans.filter(({ name }) => name.startsWith("provider"))).toEqual([]);
    expect(keptBy(policies, spans)).toEqual(
      expect.arrayContaining(["holds and refusals", "alerts"]),
    );
  });

  test("of an analyst's decline goes from the review to the stock", async () => {
    const { held } = await placeHeld("cust_demo_044");
    const { paymentId } = await paymentOf(held.orderId);
    const answer = await call("payment", `/payments/${paymentId}/review`, {
      key: keys.analyst,
      idempotencyKey: randomUUID(),
      body: { decision: "decline", reason: "nobody answers" },
    });
    await waitForStatus(held.orderId, "cancelled");
    await expectEdges(held.traceId, [...authorised, ...alerted]);
    await expectEdges(traceOf(answer), [
      ["payment", "payment", "send payments"],
      ["payment", "payment", "provider void"],
      ["payment", "order", "cdc payments"],
      ...cancelled,
    ]);
  });

  test("of a customer's cancelling goes to the provider and to the stock", async () => {
    const { held } = await placeHeld("cust_demo_045");
    const answer = await call("order", `/orders/${held.orderId}/cancel`, {
      key: keys.shop,
      method: "POST",
    });
    await waitForStatus(held.orderId, "cancelled");
    await expectEdges(held.traceId, [...authorised, ...alerted]);
    const cancelling = [...cancelled, ["payment", "payment", "provider void"]] as const;
    const spans = await expectEdges(traceOf(answer), cancelling);
    expect(keptBy(policies, spans)).toContain("money and orders that do not go the straight way");
  });

  test("of a record that nobody can read goes to the dead-letter topic", async () => {
    const { orderId, traceId, traceparent } = await placeFor("cust_demo_049", "SKU-MUG");
    await waitForStatus(orderId, "confirmed");
    const producer = createProducer({ kafka: kafkaOfSuite(), logger: silentLogger });
    await producer.start();
    const [position] = await producer.send([
      { topic: "orders", key: "poison", value: Buffer.from("poison"), headers: { traceparent } },
    ]);
    await producer.stop();
    await findRecord(
      ["orders.payment.dlq"],
      ({ headers }) => headers["dlq_original_offset"] === position?.offset,
    );
    const spans = await expectEdges(traceId, [
      ...confirmed,
      ["order", "payment", "process orders"],
      ["payment", "payment", "send orders.payment.dlq"],
    ]);
    expect(keptBy(policies, spans)).toContain("dead letters");
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
