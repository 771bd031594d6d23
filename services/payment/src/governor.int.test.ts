import { resolve } from "node:path";
import type { Events, RuleResult } from "@holdfast/contracts";
import {
  buildMessage,
  createFakeClock,
  createTestServer,
  useTestDatabase,
} from "@holdfast/testkit";
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { onFraudDecided } from "./handlers/on-fraud-decided.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { paymentRoutes } from "./http/routes.ts";
import { seedDemoPaymentMethods } from "./jobs/seed-demo.ts";
import { openTestPayments, vault } from "./testing/payment-fixture.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../migrations")] });
const clock = createFakeClock();
const cap = { declines: 2, periodMs: 3_600_000 };

const open = () => openTestPayments(db, clock, { cap });

beforeAll(() => seedDemoPaymentMethods({ database: db.database, vault, clock }));
beforeEach(() => db.clear({ keep: ["payment_methods", "card_vault"] }));

let orders = 0;

const hitBy = (ruleId: string, fields: Partial<RuleResult> = {}): RuleResult => ({
  ruleId,
  ruleVersion: 1,
  mode: "ACTIVE",
  result: "HIT",
  action: "DECLINE",
  score: 90,
  reason: "VELOCITY",
  warming: false,
  values: [],
  eventIds: [],
  ...fields,
});

/** Places an order and lets rules decline it, `deliveries` times; resolves to the payment's status. */
async function declinedBy(rules: readonly RuleResult[], deliveries = 1): Promise<string> {
  const { payments, governor } = open();
  orders += 1;
  const orderId = `00000000-0000-7000-8000-${String(orders).padStart(12, "0")}`;
  const id = orderId;
  const placed = {
    orderId,
    customerId: "cust_demo_001",
    paymentMethodId: "pm_demo_001",
    currency: "USD",
  };
  await db.database.transact((tx) =>
    onOrderPlaced(payments)(buildMessage("orders", ["OrderPlaced", placed], { id }), tx),
  );
  const { rows } = await db.database.read<{ payment_id: string }>(
    "SELECT payment_id FROM payments WHERE order_id = $1",
    [orderId],
  );
  const decided: Partial<Events["FraudDecided"]> = {
    paymentId: rows[0]?.payment_id ?? "",
    outcome: "DECLINE",
    rules: [...rules],
    reasons: ["VELOCITY"],
  };
  const handle = onFraudDecided({ payments, governor, clock });
  for (let delivery = 0; delivery < deliveries; delivery += 1) {
    await db.database.transact((tx) =>
      handle(buildMessage("fraud-decisions", ["FraudDecided", decided], { id }), tx),
    );
  }
  const after = await db.database.read<{ status: string; verdict: { outcome: string } }>(
    "SELECT status, verdict FROM payments WHERE order_id = $1",
    [orderId],
  );
  return `${after.rows[0]?.verdict.outcome} ${after.rows[0]?.status}`;
}

const declined = "DECLINE declined";
const reviewed = "REVIEW authorizing";

function call(method: "get" | "post", path: string, as: string) {
  const { ids, database } = db;
  const routes = paymentRoutes({ ...open(), database, vault, ids, clock, cap });
  const { app } = createTestServer(routes, {
    callers: [{ name: "root", scopes: ["admin"], customerId: null }],
  });
  return request(app)[method](path).auth(as, { type: "bearer" });
}

describe("a rule that declines", () => {
  test("does so up to its cap; after that a person decides, and the audit log says so once", async () => {
    const seen = [];
    for (let n = 0; n < 4; n += 1) seen.push(await declinedBy([hitBy("velocity")]));
    expect(seen).toEqual([declined, declined, reviewed, reviewed]);
    const { body } = await call("get", "/admin/rules", "root");
    expect(body.rules).toEqual([{ ruleId: "velocity", declines: 2, demoted: false }]);
    expect(body.interventions).toMatchObject([
      { ruleId: "velocity", action: "capped", by: "governor" },
    ]);
  });

  test("has a cap of its own, and a decline stands while one of its rules is free", async () => {
    for (let n = 0; n < 3; n += 1) await declinedBy([hitBy("velocity")]);
    expect(await declinedBy([hitBy("velocity"), hitBy("takeover")])).toBe(declined);
    expect(await declinedBy([hitBy("takeover")])).toBe(declined);
    expect(await declinedBy([hitBy("velocity"), hitBy("takeover")])).toBe(reviewed);
  });

  test("begins anew with the next period", async () => {
    for (let n = 0; n < 3; n += 1) await declinedBy([hitBy("velocity")]);
    clock.advance(cap.periodMs);
    expect(await declinedBy([hitBy("velocity")])).toBe(declined);
  });

  test("is counted once for a decision that comes twice, and not for what others found", async () => {
    const others = [hitBy("shadow", { mode: "SHADOW" }), hitBy("mild", { action: "REVIEW" })];
    expect(await declinedBy([hitBy("velocity"), ...others], 3)).toBe(declined);
    expect((await call("get", "/admin/rules", "root")).body.rules).toEqual([
      { ruleId: "velocity", declines: 1, demoted: false },
    ]);
  });

  test("is capped also when the decision does not name it", async () => {
    for (let n = 0; n < 2; n += 1) expect(await declinedBy([])).toBe(declined);
    expect(await declinedBy([])).toBe(reviewed);
  });
});

describe("demoting a rule", () => {
  const demote = (verb: "demote" | "restore", reason = "false positives") =>
    call("post", `/admin/rules/velocity/${verb}`, "root").send({ reason });

  test("turns its declines into reviews until it is restored, and is written down once", async () => {
    for (let n = 0; n < 2; n += 1) expect((await demote("demote")).status).toBe(200);
    expect(await declinedBy([hitBy("velocity")])).toBe(reviewed);
    expect((await demote("restore")).body).toEqual({ ruleId: "velocity", demoted: false });
    expect(await declinedBy([hitBy("velocity")])).toBe(declined);
    expect((await call("get", "/admin/rules", "root")).body.interventions).toMatchObject([
      { action: "restored", by: "root", reason: "false positives" },
      { action: "demoted", by: "root", reason: "false positives" },
    ]);
  });

  test("needs a reason", async () => {
    expect((await demote("demote", " ")).status).toBe(422);
  });

  test("leaves an audit log that the service cannot change", async () => {
    await demote("demote");
    for (const statement of [
      "UPDATE rule_interventions SET reason = 'x'",
      "DELETE FROM rule_interventions",
    ]) {
      await expect(db.database.read(statement)).rejects.toThrow("permission denied");
    }
  });
});
