import { appendFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createProducer } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { findCanaries, testStack, waitFor, withDatabase } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { services } from "../../scripts/command/services.ts";
import { type Canary, canaries, securityCode } from "../support/canaries.ts";
import { kafkaOfSuite } from "../support/log.ts";
import {
  freshCardNumber,
  paymentOf,
  placeOrder,
  registerCard,
  waitForStatus,
} from "../support/shop.ts";

const zipkinUrl = (): string => testStack().address("zipkinUrl");

function search(cardNumbers: readonly string[], traces: readonly string[] = []) {
  const stack = testStack();
  return findCanaries({
    kafka: kafkaOfSuite(),
    postgresAdminUrl: stack.postgresAdminUrl,
    providerUrl: stack.address("payment-provider"),
    logsDir: dirname(stack.control.log("order")),
    zipkinUrl: zipkinUrl(),
    pages: [
      ...services.map((name) => `${stack.address(name)}/metrics`),
      ...traces.map((traceId) => `${zipkinUrl()}/api/v2/trace/${traceId}`),
    ],
    cardNumbers,
    securityCodes: [securityCode],
  });
}

/** The payments of a confirmed and of a held order. */
async function twoPayments(): Promise<{ refundable: string; held: string }> {
  const customerId = "cust_demo_047";
  const paymentMethodId = await registerCard(customerId);
  const buy = (sku: string) => placeOrder({ customerId, paymentMethodId, sku });
  const confirmed = await buy("SKU-MUG");
  await waitForStatus(confirmed, "confirmed");
  for (let order = 0; order < 2; order += 1) await buy("SKU-COFFEE-MILL");
  const held = await buy("SKU-COFFEE-MILL");
  await waitForStatus(held, "under_review");
  const refundable = (await paymentOf(confirmed)).paymentId;
  return { refundable, held: (await paymentOf(held)).paymentId };
}

interface Answer {
  readonly what: string;
  readonly status: number;
  readonly text: string;
  readonly traceId: string;
}

async function send({ request }: Canary): Promise<Answer> {
  const { what, service, method, path, headers, body } = request;
  const response = await fetch(new URL(path, testStack().address(service)), {
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(20_000),
  });
  const all = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const traceId = response.headers.get("traceresponse")?.split("-")[1] ?? "";
  return { what, status: response.status, text: `${all}\n${await response.text()}`, traceId };
}

async function isStored(traceId: string): Promise<boolean> {
  const { ok } = await fetch(`${zipkinUrl()}/api/v2/trace/${traceId}`);
  return ok;
}

describe("a card number", () => {
  test("that was written where none belongs lies nowhere afterwards", async () => {
    const { refundable, held } = await twoPayments();
    const sent = canaries(held, refundable);
    const answers: Answer[] = [];
    for (const canary of sent) answers.push(await send(canary));
    const numbers = sent.map(({ number }) => number);

    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const echoes = answers.filter(({ text }) => numbers.some((number) => text.includes(number)));
    expect(echoes).toEqual([]);

    const traces = answers.map(({ traceId }) => traceId).filter((id) => id !== "");
    await waitFor(async () => (await Promise.all(traces.map(isStored))).every(Boolean), {
      limitMs: 20_000,
      everyMs: 500,
      what: "the traces of all requests",
    });
    const whose = new Map(sent.map(({ number, request }) => [number.slice(-4), request.what]));
    const found = (await search(numbers, traces)).map((one) => ({
      ...one,
      what: whose.get(one.card.slice(-4)),
    }));
    expect(found).toEqual([]);
  }, 300_000);

  test("that leaked into a log, a table, a topic or a trace is found there", async () => {
    const number = freshCardNumber();
    await appendFile(testStack().control.log("inventory"), `planted ${number}\n`);
    const { postgresAdminUrl } = testStack();
    await withDatabase(postgresAdminUrl, "notification", async (rows) => {
      await rows("CREATE TABLE planted (note text)");
      await rows("INSERT INTO planted VALUES ($1)", [number]);
    });
    const producer = createProducer({ kafka: kafkaOfSuite(), logger: silentLogger });
    await producer.start();
    const value = Buffer.from(Buffer.from(number).toString("base64"));
    await producer.send([{ topic: "stock.order.dlq", key: "planted", value }]);
    await producer.stop();
    await plantSpan(number);
    try {
      const places = (await search([number])).map(({ where }) => where);
      expect(places.sort()).toEqual([
        "database notification, table public.planted",
        "log inventory.log",
        "topic stock.order.dlq",
        "traces",
      ]);
    } finally {
      await withDatabase(postgresAdminUrl, "notification", (rows) => rows("DROP TABLE planted"));
    }
  }, 180_000);
});

async function plantSpan(number: string): Promise<void> {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const span = {
    traceId,
    id: "00f067aa0ba902b7",
    name: "planted",
    timestamp: Date.now() * 1_000,
    duration: 1,
    localEndpoint: { serviceName: "planted" },
    tags: { card: number },
  };
  await fetch(`${zipkinUrl()}/api/v2/spans`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([span]),
  });
  await waitFor(() => isStored(traceId), { limitMs: 10_000, what: "the planted span" });
}
