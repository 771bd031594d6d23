import { join } from "node:path";
import type { Caller } from "@holdfast/service-kit";
import {
  buildEvent,
  createFakeClock,
  createSequentialIds,
  createTestServer,
  useTestDatabase,
} from "@holdfast/testkit";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { Express } from "express";
import request from "supertest";
import { fraudAlert } from "../domain/analyst-notices.ts";
import { orderReceived } from "../domain/customer-notices.ts";
import { insertNotification } from "../store/notifications.ts";
import { notificationRoutes } from "./routes.ts";

const fixture = useTestDatabase({ migrations: [join(import.meta.dirname, "../../migrations")] });
const clock = createFakeClock();
const eventIds = createSequentialIds(1);
const own: Caller = { name: "own", scopes: ["customer"], customerId: "cust_1" };

let app: Express;

beforeAll(async () => {
  ({ app } = createTestServer(notificationRoutes(fixture.database.read), { callers: [own] }));
  // For each of two customers five receipts and one alert.
  for (const customerId of ["cust_1", "cust_2"]) {
    for (let n = 1; n <= 5; n += 1) {
      const order = { orderId: `${customerId}-order-${n}`, customerId };
      await insert(orderReceived(order, "1.00 USD"), "OrderPlaced");
    }
    await insert(fraudAlert(buildEvent("FraudAlertRaised", { customerId })), "FraudAlertRaised");
  }
});

async function insert(
  notice: Parameters<typeof insertNotification>[1] | object,
  eventType: string,
) {
  const at = clock.now();
  const rest = {
    eventId: eventIds.next(),
    eventType,
    traceId: null,
    occurredAt: at,
    createdAt: at,
  };
  const notification = { ...notice, id: fixture.ids.next(), channel: "log", ...rest };
  await insertNotification(
    fixture.database.read,
    notification as Parameters<typeof insertNotification>[1],
  );
}

interface Item {
  readonly customerId: string;
  readonly audience: string;
  readonly notificationId: string;
}

async function list(query: Readonly<Record<string, string | number>>, key = "demo-analyst") {
  const answer = await request(app)
    .get("/notifications")
    .query(query)
    .auth(key, { type: "bearer" });
  const items = (answer.body.items ?? []) as Item[];
  return { status: answer.status, body: answer.body, items };
}

const seen = (items: readonly Item[]) => [
  ...new Set(items.map(({ customerId, audience }) => `${customerId} ${audience}`)),
];

describe("who sees what", () => {
  test.each([
    ["demo-analyst", {}, 12],
    ["demo-admin", {}, 12],
    ["demo-analyst", { audience: "analyst" }, 2],
    ["demo-analyst", { audience: "customer", customerId: "cust_1" }, 5],
    ["demo-shop", {}, 10],
    ["demo-shop", { customerId: "cust_2" }, 5],
    ["own", {}, 5],
    ["own", { customerId: "cust_1", audience: "customer" }, 5],
  ])("%s asking for %j gets %i", async (key, query, count) => {
    const { status, items } = await list(query, key);
    expect([status, items.length]).toEqual([200, count]);
  });

  test("customer keys never see what analysts were told", async () => {
    expect(seen((await list({}, "own")).items)).toEqual(["cust_1 customer"]);
    expect(seen((await list({}, "demo-shop")).items)).toEqual([
      "cust_2 customer",
      "cust_1 customer",
    ]);
  });

  test.each([
    ["own", { customerId: "cust_2" }],
    ["own", { audience: "analyst" }],
    ["demo-shop", { audience: "analyst" }],
  ])("%s asking for %j is refused", async (key, query) => {
    const { status, body } = await list(query, key);
    expect([status, body.code]).toEqual([403, "forbidden"]);
  });

  test("without a key is 401", async () => {
    expect((await request(app).get("/notifications")).status).toBe(401);
  });
});

describe("pages", () => {
  test("follow each other, newest first, without a gap or a repeat", async () => {
    const ids: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const { body, items } = await list({ limit: 5, ...(cursor === null ? {} : { cursor }) });
      ids.push(...items.map(({ notificationId }) => notificationId));
      cursor = body.nextCursor;
      pages += 1;
    } while (cursor !== null);
    expect(pages).toBe(3);
    expect(new Set(ids).size).toBe(12);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  test("end without a cursor when the last one is full", async () => {
    const { body, items } = await list({ limit: 12 });
    expect([items.length, body.nextCursor]).toEqual([12, null]);
  });

  test.each([
    ["limit", 0],
    ["limit", 201],
    ["cursor", "nonsense"],
    ["audience", "everyone"],
    ["unknown", 1],
  ])("with %s=%s are refused by name", async (name, value) => {
    const { status, body } = await list({ [name]: value });
    expect(status).toBe(400);
    expect(body.errors).toEqual([expect.objectContaining({ pointer: `/query/${name}` })]);
  });
});
