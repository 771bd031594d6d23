import { resolve } from "node:path";
import { createNudge } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { createFakeClock, createTestServer, useTestDatabase, waitFor } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { createCarryOut } from "../handlers/carry-out.ts";
import { createOrderService } from "../order-service.ts";
import { insertOrder } from "../store/orders.ts";
import { createStatusAnnouncements } from "../store/status-announcements.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const instances: Instance[] = [];
let orderId = "";

beforeEach(async () => {
  await db.clear();
  await db.database.read("INSERT INTO customers VALUES ('ann', 'Ann', 'ann@example.com')");
  orderId = db.ids.next();
  const cart = { merchantId: "shop-1", currency: "USD", totalMinor: 0, lines: [] };
  await db.database.transact((tx) =>
    insertOrder(tx, { ...customer, orderId, cart, placedAt: clock.now() }),
  );
});

afterEach(async () => {
  for (const instance of instances.splice(0)) await instance.stop();
});

const customer = { customerId: "ann", paymentMethodId: "pm_ann" };
const paymentId = "payment-1";

describe("a status stream", () => {
  test("tells what was, what comes, and ends with the order", async () => {
    const here = await instance();
    const stream = await follow(here);
    await advance(here, { type: "RecordStockReserved" });
    await advance(here, { type: "AbandonOrder", reason: "PAYMENT_DECLINED", paymentId });
    expect(await eventsOf(stream)).toEqual([
      event(1, "received"),
      event(2, "processing"),
      event(3, "cancelled"),
    ]);
  });

  test("hears of changes that another instance made", async () => {
    const [here, there] = [await instance(), await instance()];
    const stream = await follow(here);
    await advance(there, { type: "CancelOrder" });
    expect(await eventsOf(stream)).toEqual([event(1, "received"), event(2, "cancelled")]);
  });

  test("still hears of them after Postgres has cut the listener off", async () => {
    const [here, there] = [await instance(), await instance()];
    const before = await listeners();
    expect(before).toHaveLength(2);
    await asOwner("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", [before]);
    await waitFor(
      async () => (await listeners()).filter((pid) => !before.includes(pid)).length === 2,
      {
        limitMs: 10_000,
        what: "new listeners",
      },
    );
    const stream = await follow(here);
    await advance(there, { type: "CancelOrder" });
    expect(await eventsOf(stream)).toHaveLength(2);
  });

  test("goes on behind Last-Event-ID", async () => {
    const here = await instance();
    await advance(here, { type: "RecordStockReserved" });
    const stream = await follow(here, "1");
    await advance(here, { type: "CancelOrder" });
    expect(await eventsOf(stream)).toEqual([event(2, "processing"), event(3, "cancelled")]);
  });

  test("has nothing more for a client that has the final status", async () => {
    const here = await instance();
    await advance(here, { type: "CancelOrder" });
    expect((await follow(here, "2")).status).toBe(204);
    expect((await follow(here, "1")).status).toBe(200);
  });

  test("refuses a Last-Event-ID that it has not sent", async () => {
    const answer = await follow(await instance(), "one");
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      errors: [{ pointer: "/header/last-event-id" }],
    });
  });

  test("sends heartbeats in between", async () => {
    const here = await instance({ heartbeatMs: 20 });
    const stream = await follow(here);
    const text = await readUntil(stream, /(: heartbeat\n\n.*){2}/s);
    expect(text).toMatch(/^id: 1\nevent: status\ndata: .*\n\n: heartbeat/);
  });
});

interface Instance {
  readonly url: string;
  readonly carryOut: ReturnType<typeof createCarryOut>;
  stop(): Promise<void>;
}

async function instance({ heartbeatMs = 15_000 } = {}): Promise<Instance> {
  const nudge = createNudge();
  const database = db.open();
  const announcements = createStatusAnnouncements({
    url: db.url,
    database,
    nudge,
    logger: silentLogger,
  });
  const { announce } = announcements;
  const { routes } = createOrderService({
    database,
    clock,
    ids: db.ids,
    nudge,
    announce,
    paymentMethods: { find: async () => ({ found: "unknown" }) },
    currencies: new Set(),
    streamLookMs: 60_000,
  });
  const http = createTestServer(routes, {
    callers: [{ name: "ann", scopes: ["customer"], customerId: "ann" }],
    heartbeatMs,
  });
  await announcements.start();
  await http.start();
  const started: Instance = {
    url: `http://127.0.0.1:${http.port()}`,
    carryOut: createCarryOut({ clock, announce }),
    stop: async () => {
      await http.stop();
      await announcements.stop();
    },
  };
  instances.push(started);
  return started;
}

async function advance(
  { carryOut }: Instance,
  command: Parameters<Instance["carryOut"]>[2],
): Promise<void> {
  await db.database.transact((tx) => carryOut(tx, orderId, command));
}

function follow({ url }: Instance, lastEventId?: string): Promise<Response> {
  return fetch(`${url}/orders/${orderId}/events`, {
    headers: {
      authorization: "Bearer ann",
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    },
  });
}

async function eventsOf(stream: Response): Promise<unknown[]> {
  expect(stream.headers.get("content-type")).toContain("text/event-stream");
  const text = await stream.text();
  return text
    .split("\n\n")
    .filter((frame) => frame.startsWith("id: "))
    .map((frame) => {
      const [, id, name, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(frame) ?? [];
      return { id, name, ...JSON.parse(data ?? "{}") };
    });
}

function event(sequence: number, status: string) {
  const occurredAt = new Date(clock.now()).toISOString();
  return { id: String(sequence), name: "status", orderId, status, occurredAt };
}

async function readUntil(stream: Response, pattern: RegExp): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (pattern.test(text)) return text;
  }
  throw new Error(`The stream ended with ${text}`);
}

async function listeners(): Promise<number[]> {
  const rows = await asOwner(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND query = 'LISTEN order_status'`,
  );
  return rows.map(({ pid }) => pid as number);
}

async function asOwner(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
