import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createTestServer, useTestDatabase } from "@holdfast/testkit";
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Express } from "express";
import request from "supertest";
import { inventoryRoutes } from "./routes.ts";

const service = join(import.meta.dirname, "../..");
const fixture = useTestDatabase({ migrations: [join(service, "migrations")] });
const catalogue = { products: [{ sku: "TEA", name: "Tea", onHand: 7 }] };
const seedStatement = readFileSync(join(service, "seed.sql"), "utf8");
const seed = () => fixture.database.read(seedStatement, [JSON.stringify(catalogue)]);

let app: Express;

beforeAll(() => {
  ({ app } = createTestServer(inventoryRoutes(fixture.database)));
});

beforeEach(async () => {
  await fixture.clear();
  await seed();
});

const read = (sku: string, key = "demo-shop") =>
  request(app).get(`/stock/${sku}`).auth(key, { type: "bearer" });

const restock = (
  body: unknown,
  { sku = "TEA", key = "demo-admin", idempotencyKey = "restock-1" } = {},
) =>
  request(app)
    .post(`/stock/${sku}/restock`)
    .auth(key, { type: "bearer" })
    .set("Idempotency-Key", idempotencyKey)
    .send(body as object);

const delivery = { quantity: 5, reason: "delivery 17" };

describe("reading stock", () => {
  test.each(["demo-shop", "demo-analyst", "demo-admin"])("shows the counts to %s", async (key) => {
    const { status, body } = await read("TEA", key);
    expect(status).toBe(200);
    expect(body).toEqual({ sku: "TEA", onHand: 7, reserved: 0, available: 7 });
  });

  test("of an unknown product is 404", async () => {
    const { status, body } = await read("NONE");
    expect([status, body.code]).toEqual([404, "sku_unknown"]);
  });
});

describe("restocking", () => {
  test("adds the units once, however often it is asked for with one key", async () => {
    const first = await restock(delivery);
    const second = await restock(delivery);
    expect(first.status).toBe(200);
    expect(first.body).toEqual({ sku: "TEA", onHand: 12, reserved: 0, available: 12 });
    expect(second.headers["idempotent-replayed"]).toBe("true");
    expect(second.text).toBe(first.text);
    expect((await read("TEA")).body.onHand).toBe(12);
    const { rows } = await fixture.database.read(
      `SELECT kind, on_hand_change AS "onHandChange", actor, note FROM stock_movements ORDER BY id`,
    );
    expect(rows).toEqual([
      { kind: "initial", onHandChange: 7, actor: "seed", note: null },
      { kind: "restocked", onHandChange: 5, actor: "demo-admin", note: "delivery 17" },
    ]);
  });

  test.each(["demo-shop", "demo-analyst"])("is not for %s", async (key) => {
    expect((await restock(delivery, { key })).status).toBe(403);
    expect((await read("TEA")).body.onHand).toBe(7);
  });

  test.each([
    ["no units", { ...delivery, quantity: 0 }, "/quantity"],
    ["half a unit", { ...delivery, quantity: 0.5 }, "/quantity"],
    ["too many units", { ...delivery, quantity: 1_000_001 }, "/quantity"],
    ["no reason", { quantity: 1, reason: " " }, "/reason"],
    ["an unknown field", { ...delivery, extra: 1 }, "/extra"],
  ])("with %s is refused", async (_what, body, pointer) => {
    const answer = await restock(body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([expect.objectContaining({ pointer })]);
    expect((await read("TEA")).body.onHand).toBe(7);
  });

  test("an unknown product is 404 and does not use up the key", async () => {
    expect((await restock(delivery, { sku: "NONE" })).status).toBe(404);
    expect((await restock(delivery)).status).toBe(200);
  });
});

test("seeding again changes nothing", async () => {
  await restock(delivery);
  await seed();
  expect((await read("TEA")).body.onHand).toBe(12);
  const { rows } = await fixture.database.read("SELECT count(*) AS n FROM stock_movements");
  expect(rows).toEqual([{ n: 2 }]);
});
