import { defineRoute, unprocessable } from "@holdfast/service-kit";
import { buildEvent, createTestServer, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { idempotencyRetentionMs, idempotent } from "./idempotency.ts";
import { sweep } from "./retention.ts";
import type { Tx } from "./transaction.ts";

const db = useTestDatabase();

/** What happens inside an execution, between claim and answer; each test sets its own. */
let during: (tx: Tx) => Promise<void>;
let executions: number;

const place = defineRoute({
  method: "post",
  path: "/shops/:shop/orders",
  summary: "Place an order",
  auth: ["customer"],
  idempotent: true,
  request: {
    params: z.strictObject({ shop: z.string() }),
    body: z.strictObject({ quantity: z.int().min(1), note: z.string().optional() }),
  },
  responses: { 202: { description: "Accepted" } },
  handle: (incoming) =>
    idempotent(db.database, incoming, async (tx) => {
      executions += 1;
      const order = `order-${executions}`;
      const destination = { key: "cust_1", entityId: order };
      await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
      await during(tx);
      return {
        status: 202,
        headers: { Location: `/orders/${order}` },
        body: { order, b: 1, a: 2 },
      };
    }),
});

const { app } = createTestServer([place], {
  callers: [
    { name: "key-1", scopes: ["customer"], customerId: "*" },
    { name: "key-2", scopes: ["customer"], customerId: "*" },
  ],
});

interface Attempt {
  readonly key?: string;
  readonly body?: object;
  readonly shop?: string;
  readonly apiKey?: string;
}

function send({ key, body = { quantity: 1 }, shop = "s1", apiKey = "key-1" }: Attempt = {}) {
  const post = request(app).post(`/shops/${shop}/orders`).auth(apiKey, { type: "bearer" });
  return (key === undefined ? post : post.set("Idempotency-Key", key)).send(body);
}

async function storedKeys(): Promise<number> {
  const { rows } = await db.database.read("SELECT count(*) AS n FROM idempotency_keys");
  return rows[0]?.["n"];
}

beforeEach(async () => {
  await db.clear();
  executions = 0;
  during = async () => undefined;
});

describe("an Idempotency-Key", () => {
  test("that is missing is refused and nothing is stored", async () => {
    const answer = await send();
    expect([answer.status, answer.body.code]).toEqual([400, "idempotency_key_missing"]);
    expect(answer.body.errors).toMatchObject([{ pointer: "/header/idempotency-key" }]);
    expect([executions, await storedKeys()]).toEqual([0, 0]);
  });

  test.each([
    ["empty", ""],
    ["too long", "x".repeat(256)],
    ["not printable", "a\tb"],
  ])("that is %s is refused and nothing is stored", async (_what, key) => {
    const answer = await send({ key });
    expect([answer.status, answer.body.code]).toEqual([400, "idempotency_key_malformed"]);
    expect(answer.body.errors).toMatchObject([{ pointer: "/header/idempotency-key" }]);
    expect([executions, await storedKeys()]).toEqual([0, 0]);
  });

  test("executes at its first use, and stores the answer with effect and event", async () => {
    const answer = await send({ key: "k".repeat(255) });
    expect(answer.status).toBe(202);
    expect(answer.headers["location"]).toBe("/orders/order-1");
    expect(answer.headers["idempotent-replayed"]).toBeUndefined();
    expect([await storedKeys(), (await db.published()).length]).toEqual([1, 1]);
  });

  test("replays the finished answer byte for byte", async () => {
    const first = await send({ key: "k1", body: { quantity: 1, note: "ü" } });
    const again = await send({ key: "k1", body: { note: "ü", quantity: 1 } });
    expect(again.text).toBe(first.text);
    expect([again.status, again.headers["location"]]).toEqual([202, "/orders/order-1"]);
    expect(again.headers["content-type"]).toBe(first.headers["content-type"]);
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect([executions, (await db.published()).length]).toEqual([1, 1]);
  });

  test("whose request still runs answers 409 with Retry-After and executes once", async () => {
    const started = Promise.withResolvers<void>();
    const mayFinish = Promise.withResolvers<void>();
    during = async () => {
      started.resolve();
      await mayFinish.promise;
    };
    const first = send({ key: "k1" }).then((answer) => answer);
    await started.promise;
    const second = await send({ key: "k1" });
    expect([second.status, second.body.code]).toEqual([409, "idempotency_key_in_use"]);
    expect(second.headers["retry-after"]).toBe("1");
    mayFinish.resolve();
    expect((await first).status).toBe(202);
    expect(executions).toBe(1);
  });

  test("used by twenty requests at once executes once", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send({ key: "k1" })));
    expect(answers.filter(({ status }) => status !== 202 && status !== 409)).toEqual([]);
    expect([executions, (await db.published()).length]).toEqual([1, 1]);
  });

  test.each<[string, Attempt]>([
    ["another body", { body: { quantity: 2 } }],
    ["another resource of the same route", { shop: "s2" }],
  ])("with %s answers 422 and executes nothing", async (_what, other) => {
    await send({ key: "k1" });
    const answer = await send({ key: "k1", ...other });
    expect([answer.status, answer.body.code]).toEqual([422, "idempotency_key_reused"]);
    expect(executions).toBe(1);
  });

  test("belongs to its caller: another caller's equal key is another key", async () => {
    await send({ key: "k1" });
    const answer = await send({ key: "k1", apiKey: "key-2" });
    expect([answer.status, answer.headers["location"]]).toEqual([202, "/orders/order-2"]);
  });

  test("of a request that failed validation can be used again with a corrected body", async () => {
    const wrong = await send({ key: "k1", body: { quantity: 0 } });
    expect([wrong.status, await storedKeys()]).toEqual([422, 0]);
    expect((await send({ key: "k1", body: { quantity: 1 } })).status).toBe(202);
  });

  test("of a request that was refused by what it threw can be used again", async () => {
    during = async () => {
      throw unprocessable("sku_unknown", "No such product");
    };
    expect((await send({ key: "k1" })).body.code).toBe("sku_unknown");
    expect([await storedKeys(), (await db.published()).length]).toEqual([0, 0]);
    during = async () => undefined;
    expect((await send({ key: "k1" })).status).toBe(202);
  });

  test("of a request whose execution crashed half-way lets a retry finish the work", async () => {
    during = async (tx) => {
      // Ends this very connection, as kill -9 of the process would.
      await tx.query("SELECT pg_terminate_backend(pg_backend_pid())");
    };
    const crashed = await send({ key: "k1" });
    expect([crashed.status, crashed.body.code]).toEqual([503, "database_unavailable"]);
    expect(crashed.headers["retry-after"]).toBe("2");
    expect([await storedKeys(), (await db.published()).length]).toEqual([0, 0]);
    during = async () => undefined;
    expect((await send({ key: "k1" })).headers["location"]).toBe("/orders/order-2");
    expect((await db.published()).length).toBe(1);
  });

  test("is forgotten after 24 hours, before and after the sweep", async () => {
    await send({ key: "k1" });
    await age(idempotencyRetentionMs - 60_000);
    expect((await sweep(db.database)).idempotency_keys).toBe(0);
    expect((await send({ key: "k1" })).headers["idempotent-replayed"]).toBe("true");
    await age(60_000);
    expect((await send({ key: "k1" })).headers["location"]).toBe("/orders/order-2");
    await age(idempotencyRetentionMs);
    expect((await sweep(db.database)).idempotency_keys).toBe(1);
    expect((await send({ key: "k1" })).headers["location"]).toBe("/orders/order-3");
  });

  async function age(ms: number): Promise<void> {
    await db.database.read(
      "UPDATE idempotency_keys SET created_at = created_at - $1 * interval '1 millisecond'",
      [ms],
    );
  }
});

test("equal data has one canonical text, whatever the order of its members", () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: "x", u: undefined })).toBe(
    '{"a":"x","b":[{"c":null,"d":1}]}',
  );
});
