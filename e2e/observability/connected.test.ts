import { randomUUID } from "node:crypto";
import { waitFor } from "@holdfast/testkit";
import { beforeAll, expect, test } from "@jest/globals";
import { call, keys } from "../support/api.ts";
import { orderBody, readOrder, registerCard, waitForStatus } from "../support/shop.ts";
import { confirmed, faultsOf, placed, traceStore } from "../support/trace-edges.ts";

const orders = 500;
/** Ten at a time; the next ten when the last of them has ended, as a shop has them on a busy day. */
const wave = 10;
const cardsOfEach = 10;
const allowedShare = 0.01;

interface Buyer {
  readonly customerId: string;
  readonly paymentMethodId: string;
}

let buyers: Buyer[] = [];

beforeAll(async () => {
  const customers = Array.from({ length: wave }, (_, index) => `cust_demo_0${20 + index}`);
  const cards = customers.flatMap((customerId) =>
    Array.from({ length: cardsOfEach }, async () => ({
      customerId,
      paymentMethodId: await registerCard(customerId),
    })),
  );
  buyers = await Promise.all(cards);
});

interface Placed {
  readonly orderId: string;
  readonly traceId: string;
}

/** Places an order, again after a 503, as clients do; its trace is that of the request that was taken. */
async function place(buyer: Buyer): Promise<Placed> {
  const idempotencyKey = randomUUID();
  const attempt = async (): Promise<Placed | undefined> => {
    const { status, headers, body } = await call<{ orderId: string }>("order", "/orders", {
      key: keys.shop,
      idempotencyKey,
      body: orderBody({ ...buyer, sku: "SKU-MUG" }),
    });
    if (status === 503) return undefined;
    expect(status).toBe(202);
    const traceId = headers.get("traceresponse")?.split("-")[1] ?? "";
    return { orderId: body.orderId, traceId };
  };
  return waitFor(attempt, { limitMs: 30_000, everyMs: 500, what: "an order that is taken" });
}

interface Judged {
  readonly orderId: string;
  readonly faults: readonly string[];
}

/** What the trace of an order lacks; an order that is not confirmed may lack the later hops. */
async function judge({ orderId, traceId }: Placed): Promise<Judged> {
  const { status } = await readOrder(orderId);
  const expected = status === "confirmed" ? confirmed : placed;
  return { orderId, faults: faultsOf(await traceStore().read(traceId), expected) };
}

/** Places some orders and returns those whose trace does not become whole. */
async function brokenOf(count: number): Promise<readonly Judged[]> {
  const made: Placed[] = [];
  while (made.length < count) {
    const some = await Promise.all(buyers.slice(made.length).slice(0, wave).map(place));
    made.push(...some);
    await waitForStatus(some.at(-1)?.orderId ?? "", "confirmed");
  }
  let broken: readonly Judged[] = [];
  await waitFor(
    async () => {
      broken = (await Promise.all(made.map(judge))).filter(({ faults }) => faults.length > 0);
      return broken.length === 0;
    },
    { limitMs: 15_000, everyMs: 1_000, what: "whole traces" },
  ).catch(() => undefined);
  return broken;
}

test(`of ${orders} orders 99 % are one connected trace with every hop`, async () => {
  const broken: Judged[] = [];
  // In portions, since the store forgets old traces.
  for (let made = 0; made < orders; made += buyers.length) {
    broken.push(...(await brokenOf(buyers.length)));
  }
  console.log(`${orders - broken.length} of ${orders} orders are one connected trace`);
  expect(broken.length > orders * allowedShare ? broken : []).toEqual([]);
}, 240_000);
