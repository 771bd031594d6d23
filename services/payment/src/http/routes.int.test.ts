import { resolve } from "node:path";
import type { Caller } from "@holdfast/service-kit";
import { createLogger, silentLogger } from "@holdfast/telemetry";
import { buildEvent, createFakeClock, createTestServer, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import pg from "pg";
import request from "supertest";
import { demoCardNumber, seedDemoPaymentMethods } from "../jobs/seed-demo.ts";
import { holdExpiryMs, openTestPayments, vault } from "../testing/payment-fixture.ts";
import { paymentRoutes } from "./routes.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../../migrations")] });
// Real enough for a card that expires next year, fixed enough for its message.
const clock = createFakeClock(Date.UTC(2026, 5, 15));
const canary = "5555555555554444";
const good = {
  customerId: "ann",
  card: { number: canary, expMonth: 6, expYear: 2026, cvc: "987" },
};

const cap = { declines: 100, periodMs: 3_600_000 };

beforeEach(() => db.clear());

const service = () => openTestPayments(db, clock, { cap });

const callers: readonly Caller[] = [
  { name: "shop", scopes: ["customer"], customerId: "*" },
  { name: "ann", scopes: ["customer"], customerId: "ann" },
  { name: "bob", scopes: ["customer"], customerId: "bob" },
  { name: "cho", scopes: ["analyst"], customerId: null },
  { name: "dee", scopes: ["analyst"], customerId: null },
  { name: "root", scopes: ["customer", "analyst", "admin"], customerId: "*" },
];

function app(logger = silentLogger) {
  const { payments } = service();
  const routes = paymentRoutes({ database: db.database, payments, vault, ids: db.ids, clock, cap });
  return createTestServer(routes, { callers, logger }).app;
}

function post(path: string, as: string, body: unknown) {
  return postWithKey(path, as, { body });
}

function postWithKey(path: string, as: string, { body, key }: { body: unknown; key?: string }) {
  const call = request(app()).post(path).auth(as, { type: "bearer" });
  if (key !== undefined) call.set("Idempotency-Key", key);
  return call.set("Content-Type", "application/json").send(JSON.stringify(body));
}

function get(path: string, as: string) {
  return request(app()).get(path).auth(as, { type: "bearer" });
}

function pointersOf(answer: request.Response): string[] {
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  return answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
}

/** A payment of ann's that a person must decide. */
async function hold(n = 1): Promise<string> {
  const orderId = `00000000-0000-7000-8000-00000000000${n}`;
  const { payments, steps } = service();
  const added = await post("/payment-methods", "ann", good);
  const { paymentMethodId } = added.body;
  const placed = { orderId, customerId: "ann", paymentMethodId, amountMinor: 30_000 };
  await db.database.transact((tx) => payments.request(tx, buildEvent("OrderPlaced", placed)));
  const verdict = {
    source: "SCORER",
    outcome: "REVIEW",
    decisionId: "decision-1",
    reasons: ["VELOCITY"],
  } as const;
  const held = await db.database.transact((tx) =>
    payments.execute(tx, { orderId }, { type: "ReceiveVerdict", at: clock.now(), verdict }),
  );
  await steps.runDue();
  return held?.terms.paymentId ?? "none";
}

describe("POST /payment-methods", () => {
  test("answers a token, a brand and four digits", async () => {
    const answer = await post("/payment-methods", "shop", good);
    expect(answer.status).toBe(201);
    const { paymentMethodId } = answer.body;
    expect(answer.body).toEqual({ paymentMethodId, brand: "mastercard", last4: "4444" });
    expect(answer.headers["location"]).toBe(`/payment-methods/${paymentMethodId}`);
    const { rows } = await db.database.read("SELECT * FROM card_vault");
    expect(vault.open(rows[0]?.["sealed_number"], paymentMethodId)).toBe(canary);
  });

  test("takes a number written in groups", async () => {
    const card = { ...good.card, number: "5555 5555-5555 4444" };
    expect((await post("/payment-methods", "ann", { ...good, card })).status).toBe(201);
  });

  const withCard = (fields: object) => ({ ...good, card: { ...good.card, ...fields } });
  const refused: [name: string, body: unknown, pointers: string[]][] = [
    ["a wrong check digit", withCard({ number: "5555555555554445" }), ["/card/number"]],
    ["letters", withCard({ number: "5555abcd55554444" }), ["/card/number"]],
    ["eleven digits", withCard({ number: "55555555555" }), ["/card/number"]],
    ["a number that is no text", withCard({ number: 5555555555554444 }), ["/card/number"]],
    ["a card that expired last month", withCard({ expMonth: 5 }), ["/card/expYear"]],
    ["a card of another century", withCard({ expYear: 2126 }), ["/card/expYear"]],
    ["month 13", withCard({ expMonth: 13 }), ["/card/expMonth"]],
    ["month 0", withCard({ expMonth: 0 }), ["/card/expMonth"]],
    ["four digits of security code", withCard({ cvc: "1234" }), ["/card/cvc"]],
    ["a security code of letters", withCard({ cvc: "abc" }), ["/card/cvc"]],
    ["no security code", { ...good, card: { ...good.card, cvc: undefined } }, ["/card/cvc"]],
    ["an unknown field", { ...good, name: "Ann" }, ["/name"]],
    ["an unknown field of the card", withCard({ pin: "1234" }), ["/card/pin"]],
    ["an empty customer", { ...good, customerId: "" }, ["/customerId"]],
    ["nothing", {}, ["/customerId", "/card"]],
  ];
  test.each(refused)("refuses %s and stores nothing", async (_, body, pointers) => {
    const answer = await post("/payment-methods", "shop", body);
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual(pointers);
    expect(answer.text).not.toContain("5555");
    const { rows } = await db.database.read("SELECT count(*) FROM payment_methods");
    expect(rows[0]?.["count"]).toBe(0);
  });

  test("refuses a card in another customer's name, and keys without the scope", async () => {
    const foreign = await post("/payment-methods", "bob", good);
    expect([foreign.status, pointersOf(foreign)]).toEqual([403, ["/customerId"]]);
    expect((await post("/payment-methods", "cho", good)).status).toBe(403);
    expect((await post("/payment-methods", "nobody", good)).status).toBe(401);
  });

  test("answers the same token for the same Idempotency-Key, and 422 for another card", async () => {
    const first = await postWithKey("/payment-methods", "ann", { body: good, key: "key-1" });
    const again = await postWithKey("/payment-methods", "ann", { body: good, key: "key-1" });
    expect(again.text).toBe(first.text);
    expect(again.headers["idempotent-replayed"]).toBe("true");
    const other = withCard({ number: "5105105105105100" });
    expect(
      (await postWithKey("/payment-methods", "ann", { body: other, key: "key-1" })).status,
    ).toBe(422);
  });
});

test("a card number and a security code are nowhere but sealed in the vault", async () => {
  const lines: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = ((line: string) => lines.push(String(line)) > 0) as typeof write;
  try {
    const logging = app(createLogger({ service: "payment", level: "trace" }));
    const bodies = [good, { ...good, card: { ...good.card, cvc: "98765" } }];
    for (const body of bodies) {
      const call = request(logging).post("/payment-methods").auth("ann", { type: "bearer" });
      await call.set("Idempotency-Key", `log-${lines.length}`).send(body);
    }
  } finally {
    process.stdout.write = write;
  }
  await hold();
  const dump = [lines.join("\n"), await everyRow()].join("\n");
  const bare = Buffer.from(canary);
  for (const form of [canary, bare.toString("hex"), bare.toString("base64").slice(0, 20)]) {
    expect(dump).not.toContain(form);
  }
  expect(dump).not.toMatch(/\b987(65)?\b/);
});

/** Every row of every table as text. */
async function everyRow(): Promise<string> {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query(`SELECT t::text AS row FROM ${name} AS t`);
      texts.push(...rows.map(({ row }) => `${name} ${row}`));
    }
    return texts.join("\n");
  } finally {
    await client.end();
  }
}

describe("GET /payment-methods/:paymentMethodId", () => {
  test("tells whose it is, to its customer alone", async () => {
    const { paymentMethodId } = (await post("/payment-methods", "ann", good)).body;
    const path = `/payment-methods/${paymentMethodId}`;
    const shown = { paymentMethodId, customerId: "ann", brand: "mastercard", last4: "4444" };
    expect((await get(path, "ann")).body).toEqual(shown);
    expect((await get(path, "shop")).body).toEqual(shown);
    const foreign = await get(path, "bob");
    expect([foreign.status, pointersOf(foreign)]).toEqual([404, ["/path/paymentMethodId"]]);
  });

  test("knows the demo's payment methods, however often they are seeded", async () => {
    await seedDemoPaymentMethods({ database: db.database, vault, clock });
    await seedDemoPaymentMethods({ database: db.database, vault, clock });
    const { rows } = await db.database.read(
      "SELECT count(DISTINCT card_fingerprint) AS cards FROM payment_methods",
    );
    expect(rows[0]?.["cards"]).toBe(50);
    expect((await get("/payment-methods/pm_demo_050", "shop")).body).toMatchObject({
      customerId: "cust_demo_050",
      last4: demoCardNumber(50).slice(-4),
    });
  });
});

describe("GET /payments/:paymentId", () => {
  test("tells the analyst everything and the customer nothing of verdicts", async () => {
    const paymentId = await hold();
    const analyst = await get(`/payments/${paymentId}`, "cho");
    expect(analyst.body).toMatchObject({
      paymentId,
      status: "held",
      customerId: "ann",
      verdict: { source: "SCORER", outcome: "REVIEW", reasons: ["VELOCITY"] },
      holdExpiresAt: new Date(clock.now() + holdExpiryMs).toISOString(),
      history: [
        { type: "PaymentRequested" },
        { type: "VerdictReceived" },
        { type: "AuthorizationStarted" },
        { type: "AuthorizationGranted", amountMinor: 30_000 },
        { type: "PaymentHeld" },
      ],
    });
    const at = new Date(clock.now()).toISOString();
    expect((await get(`/payments/${paymentId}`, "ann")).body).toEqual({
      paymentId,
      orderId: "00000000-0000-7000-8000-000000000001",
      status: "under_review",
      amountMinor: 30_000,
      currency: "USD",
      createdAt: at,
      updatedAt: at,
    });
  });

  test("knows nothing of another customer's payment, nor of what is no payment", async () => {
    const paymentId = await hold();
    for (const id of [paymentId, "no-payment", db.ids.at(9_999)]) {
      const answer = await get(`/payments/${id}`, "bob");
      expect([answer.status, pointersOf(answer)]).toEqual([404, ["/path/paymentId"]]);
    }
  });
});

describe("GET /payments", () => {
  test("lists holds, newest first, a page at a time", async () => {
    const ids = [await hold(1), await hold(2), await hold(3)];
    const first = await get("/payments?status=held&limit=2", "cho");
    const rest = await get(`/payments?status=held&limit=2&cursor=${first.body.nextCursor}`, "cho");
    const listed = [...first.body.payments, ...rest.body.payments];
    expect(listed.map(({ paymentId }) => paymentId)).toEqual(ids.toReversed());
    expect(rest.body.nextCursor).toBeNull();
    const other = await get("/payments?orderId=00000000-0000-7000-8000-000000000002", "cho");
    expect(other.body.payments).toHaveLength(1);
    expect((await get("/payments?status=captured", "cho")).body.payments).toEqual([]);
  });

  test.each(["status=lost", "limit=0", "limit=101", "cursor=x", "orderId=x", "who=ann"])(
    "refuses %s",
    async (query) => {
      const answer = await get(`/payments?${query}`, "cho");
      expect(answer.status).toBe(400);
      expect(pointersOf(answer)).toEqual([`/query/${query.split("=")[0]}`]);
    },
  );

  test("is not for customers", async () => {
    expect((await get("/payments", "shop")).status).toBe(403);
  });
});

describe("POST /payments/:paymentId/review", () => {
  const release = { decision: "release", reason: "called the customer" };
  const decline = { decision: "decline", reason: "stolen card" };

  test("releases for capture and labels the payment", async () => {
    const paymentId = await hold();
    const answer = await postWithKey(`/payments/${paymentId}/review`, "cho", {
      body: release,
      key: "key-1",
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: "authorized", holdExpiresAt: null });
    expect((await db.published()).slice(-2)).toMatchObject([
      { type: "FraudLabelled", event: { label: "LEGITIMATE", source: "ANALYST" } },
      { type: "PaymentReleased", event: { releasedBy: "cho", reason: "called the customer" } },
    ]);
    const again = await postWithKey(`/payments/${paymentId}/review`, "cho", {
      body: release,
      key: "key-1",
    });
    expect([again.status, again.text]).toEqual([200, answer.text]);
  });

  test("declines: labels at once, voids when the provider has answered", async () => {
    const paymentId = await hold();
    expect((await post(`/payments/${paymentId}/review`, "cho", decline)).body.status).toBe(
      "voiding",
    );
    await service().steps.runDue();
    expect((await db.published()).slice(-3)).toMatchObject([
      { type: "FraudLabelled", event: { label: "FRAUD" } },
      { type: "PaymentVoided", event: { reason: "REVIEW_DECLINED" } },
      { type: "PaymentSettled", event: { result: "VOIDED" } },
    ]);
  });

  test("of two opposite reviews at once one wins, the other hears how it stands", async () => {
    const paymentId = await hold();
    const answers = await Promise.all([
      postWithKey(`/payments/${paymentId}/review`, "cho", { body: release, key: "cho-1" }),
      postWithKey(`/payments/${paymentId}/review`, "dee", { body: decline, key: "dee-1" }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const [won] = answers.filter(({ status }) => status === 200);
    const [lost] = answers.filter(({ status }) => status === 409);
    expect(lost?.body).toMatchObject({ code: "payment_not_held", state: won?.body.status });
  });

  test.each([
    ["no decision", { reason: "x" }, ["/decision"]],
    ["another decision", { decision: "maybe", reason: "x" }, ["/decision"]],
    ["no reason", { decision: "release" }, ["/reason"]],
    ["an empty reason", { decision: "release", reason: "  " }, ["/reason"]],
    ["an unknown field", { ...release, by: "eve" }, ["/by"]],
  ])("refuses %s", async (_, body, pointers) => {
    const answer = await post(`/payments/${db.ids.at(1)}/review`, "cho", body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });

  test("is for analysts, and for payments that exist", async () => {
    const paymentId = await hold();
    expect((await post(`/payments/${paymentId}/review`, "ann", release)).status).toBe(403);
    expect((await post(`/payments/${db.ids.at(9_999)}/review`, "cho", release)).status).toBe(404);
    expect((await post(`/payments/${paymentId}/review`, "root", release)).status).toBe(200);
  });
});

describe("POST /payments/:paymentId/refunds", () => {
  const refund = (amountMinor: number) => ({ amountMinor, reason: "returned" });

  /** A captured payment of ann's, of 300.00 USD. */
  async function captured(): Promise<string> {
    const paymentId = await hold();
    await post(`/payments/${paymentId}/review`, "cho", { decision: "release", reason: "known" });
    const { payments, steps } = service();
    await db.database.transact((tx) =>
      payments.execute(tx, { paymentId }, { type: "CapturePayment", at: clock.now() }),
    );
    await steps.runDue();
    return paymentId;
  }

  test("gives back in parts, once per key, never more than was captured", async () => {
    const paymentId = await captured();
    const path = `/payments/${paymentId}/refunds`;
    const first = await postWithKey(path, "cho", { body: refund(10_000), key: "r-1" });
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({ paymentId, amountMinor: 10_000, status: "pending" });
    const replayed = await postWithKey(path, "cho", { body: refund(10_000), key: "r-1" });
    expect(replayed.text).toBe(first.text);
    const meanwhile = await postWithKey(path, "cho", { body: refund(1), key: "r-2" });
    expect([meanwhile.status, meanwhile.body.state]).toEqual([409, "captured"]);
    await service().steps.runDue();
    const tooMuch = await postWithKey(path, "cho", { body: refund(20_001), key: "r-3" });
    expect([tooMuch.status, pointersOf(tooMuch)]).toEqual([422, ["/amountMinor"]]);
    await postWithKey(path, "cho", { body: refund(20_000), key: "r-4" });
    await service().steps.runDue();
    expect((await get(`/payments/${paymentId}`, "cho")).body).toMatchObject({
      status: "refunded",
      refundedMinor: 30_000,
    });
    const balances = (await get("/ledger/balances", "cho")).body;
    expect(balances.imbalances).toEqual([{ currency: "USD", amountMinor: 0 }]);
    expect(balances.balances).toContainEqual({
      account: "provider",
      currency: "USD",
      amountMinor: 0,
    });
  });

  test("needs a key, an analyst, an amount and a capture", async () => {
    const paymentId = await hold();
    const path = `/payments/${paymentId}/refunds`;
    expect((await post(path, "cho", refund(1))).status).toBe(400);
    expect((await postWithKey(path, "ann", { body: refund(1), key: "k" })).status).toBe(403);
    expect((await get("/ledger/balances", "ann")).status).toBe(403);
    for (const amountMinor of [0, -1, 1.5, "1"]) {
      const body = { amountMinor, reason: "x" };
      const answer = await postWithKey(path, "cho", { body, key: "k" });
      expect([answer.status, pointersOf(answer)]).toEqual([422, ["/amountMinor"]]);
    }
    const held = await postWithKey(path, "cho", { body: refund(1), key: "k" });
    expect([held.status, held.body.state]).toEqual([409, "held"]);
  });
});

test("the OpenAPI document names every route", async () => {
  const { paths } = (await request(app()).get("/openapi.json")).body;
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      "/payment-methods",
      "/payment-methods/{paymentMethodId}",
      "/payments",
      "/payments/{paymentId}",
      "/payments/{paymentId}/review",
      "/payments/{paymentId}/refunds",
      "/ledger/balances",
    ]),
  );
});
