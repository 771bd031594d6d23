import { resolve } from "node:path";
import type { EventName, Events, FraudOutcome } from "@holdfast/contracts";
import { buildEvent, createFakeClock, useTestDatabase, waitFor } from "@holdfast/testkit";
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { replay } from "./domain/evolve.ts";
import { onFraudDecided } from "./handlers/on-fraud-decided.ts";
import { onOrderAccepted } from "./handlers/on-order-accepted.ts";
import { onOrderCancelled } from "./handlers/on-order-cancelled.ts";
import { onOrderPlaced } from "./handlers/on-order-placed.ts";
import { seedDemoPaymentMethods } from "./jobs/seed-demo.ts";
import type { PaymentService } from "./payment-service.ts";
import { createPerformStep } from "./provider/perform-step.ts";
import {
  type PaymentProvider,
  type ProviderAnswer,
  type ProviderRequest,
  ProviderUnreachable,
} from "./provider/provider.ts";
import { findPayment, readHistory } from "./store/payments.ts";
import { openTestPayments, vault } from "./testing/payment-fixture.ts";

const db = useTestDatabase({ migrations: [resolve(import.meta.dirname, "../migrations")] });
const clock = createFakeClock();
const hourMs = 60 * 60 * 1000;
const orderId = "00000000-0000-7000-8000-00000000aaaa";

/** A provider that remembers every key, and loses its answers when it is told to. */
class ScriptedProvider implements PaymentProvider {
  readonly carriedOut: ({ key: string } & ProviderRequest)[] = [];
  readonly #answers = new Map<string, ProviderAnswer>();
  refuse = new Set<ProviderRequest["step"]>();
  silence: "none" | "before" | "after" = "none";

  async carryOut(request: ProviderRequest, { key }: { key: string }): Promise<ProviderAnswer> {
    if (this.silence === "before") throw new ProviderUnreachable("down");
    const answer = this.#answers.get(key) ?? this.#act(request, key);
    if (this.silence === "after") throw new ProviderUnreachable("timed out");
    return answer;
  }

  async query({ key }: { key: string }): Promise<ProviderAnswer | undefined> {
    if (this.silence === "before") throw new ProviderUnreachable("down");
    return this.#answers.get(key);
  }

  #act(request: ProviderRequest, key: string): ProviderAnswer {
    this.carriedOut.push({ key, ...request });
    const answer: ProviderAnswer = this.refuse.has(request.step)
      ? { outcome: "refused", code: "insufficient_funds" }
      : { outcome: "succeeded", authorizationId: "auth-1", feeMinor: 0 };
    this.#answers.set(key, answer);
    return answer;
  }
}

let provider: ScriptedProvider;
let service: PaymentService;

function openService(database = db.database): PaymentService {
  return openTestPayments({ database, ids: db.ids }, clock, {
    provider,
    cap: { declines: 2, periodMs: hourMs },
  });
}

beforeAll(() => seedDemoPaymentMethods({ database: db.database, vault, clock }));
beforeEach(async () => {
  await db.clear({ keep: ["payment_methods", "card_vault"] });
  provider = new ScriptedProvider();
  service = openService();
});

type Given = { [K in EventName]: Partial<Events[K]> };

/** Delivers an event as the router does, without the inbox. */
const deliver = {
  placed: (fields: Given["OrderPlaced"] = {}) =>
    db.database.transact((tx) =>
      onOrderPlaced(service.payments)(
        messageOf("OrderPlaced", { orderId, amountMinor: 4_000, ...fields }),
        tx,
      ),
    ),
  accepted: () =>
    db.database.transact((tx) =>
      onOrderAccepted(service.payments, clock)(messageOf("OrderAccepted", { orderId }), tx),
    ),
  cancelled: () =>
    db.database.transact((tx) =>
      onOrderCancelled(service.payments)(messageOf("OrderCancelled", { orderId }), tx),
    ),
  decided: async (outcome: FraudOutcome) => {
    const paymentId = await paymentIdOf(orderId);
    const fields = { paymentId, outcome, decisionId: "decision-1", reasons: ["VELOCITY"] };
    await db.database.transact((tx) =>
      onFraudDecided({ ...service, clock })(messageOf("FraudDecided", fields), tx),
    );
  },
};

function messageOf<K extends EventName>(type: K, fields: Partial<Events[K]>) {
  return { type, event: buildEvent(type, fields) } as never;
}

async function paymentIdOf(order: string): Promise<string> {
  const { rows } = await db.database.read<{ payment_id: string }>(
    "SELECT payment_id FROM payments WHERE order_id = $1",
    [order],
  );
  return rows[0]?.payment_id ?? "none";
}

async function statusNow(): Promise<string | undefined> {
  const found = await findPayment(db.database.read, await paymentIdOf(orderId));
  return found?.payment.state.status;
}

/** Whether a transaction waits for another one to end. */
async function lockIsAwaited(): Promise<boolean> {
  const { rows } = await db.database.read(
    `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`,
  );
  return rows.length > 0;
}

/** What was published, as `Event` or `Event reason`. */
async function published(topic?: string): Promise<string[]> {
  const events = await db.published();
  return events
    .filter((each) => topic === undefined || each.topic === topic)
    .map(({ type, event }) => {
      const { reason, result } = event as { reason?: string; result?: string };
      return [type, reason ?? result].filter(Boolean).join(" ");
    });
}

async function held(): Promise<string> {
  await deliver.placed({ amountMinor: 20_000 });
  await deliver.decided("REVIEW");
  await service.steps.runDue();
  return paymentIdOf(orderId);
}

describe("an order that is approved", () => {
  test("is scored, authorised, captured and settled, under the right keys", async () => {
    await deliver.placed({ currency: "EUR", customerId: "cust_demo_001" });
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    await deliver.accepted();
    await service.steps.runDue();
    const events = await db.published();
    const paymentId = await paymentIdOf(orderId);
    expect(events).toMatchObject([
      {
        topic: "card-activity",
        type: "PaymentRequested",
        entityId: paymentId,
        event: { amountMinor: 4_000, currency: "EUR", baseAmountMinor: 4_320, baseCurrency: "USD" },
      },
      {
        topic: "payments",
        type: "PaymentAuthorized",
        key: "cust_demo_001",
        entityId: orderId,
        event: { captureAllowed: true, verdictSource: "SCORER", decisionId: "decision-1" },
      },
      { topic: "payments", type: "PaymentCaptured", entityVersion: 2 },
      { topic: "card-activity", type: "PaymentSettled", event: { result: "CAPTURED" } },
    ]);
    const [requested, , , settled] = events;
    expect(requested?.key).toBe(vault.fingerprint("4000000000000010"));
    expect(settled?.key).toBe(requested?.key);
    expect(provider.carriedOut).toEqual([
      {
        step: "authorize",
        key: `${paymentId}/authorize`,
        amountMinor: 4_000,
        currency: "EUR",
        cardToken: "pm_demo_001",
        last4: "0010",
        reference: orderId,
      },
      { step: "capture", key: `${paymentId}/capture`, authorizationId: "auth-1" },
    ]);
  });

  test("is charged once, whatever is delivered twice", async () => {
    await deliver.placed();
    await deliver.placed();
    await deliver.decided("APPROVE");
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    await deliver.accepted();
    await deliver.accepted();
    await service.steps.runDue();
    expect(provider.carriedOut.map(({ step }) => step)).toEqual(["authorize", "capture"]);
    expect(await published("payments")).toEqual(["PaymentAuthorized", "PaymentCaptured"]);
  });

  test("follows a verdict that comes before the payment is seen", async () => {
    const stored = Promise.withResolvers<string>();
    const committing = Promise.withResolvers<void>();
    const placing = db.database.transact(async (tx) => {
      const order = { orderId, amountMinor: 4_000 };
      await onOrderPlaced(service.payments)(messageOf("OrderPlaced", order), tx);
      const text = "SELECT payment_id FROM payments WHERE order_id = $1";
      const { rows } = await tx.query<{ payment_id: string }>(text, [orderId]);
      stored.resolve(rows[0]?.payment_id ?? "none");
      await committing.promise;
    });
    const paymentId = await stored.promise;
    const deciding = db.database.transact((tx) => {
      const decided = { paymentId, outcome: "APPROVE", decisionId: "decision-1" } as const;
      return onFraudDecided({ ...service, clock })(messageOf("FraudDecided", decided), tx);
    });
    await waitFor(lockIsAwaited, { limitMs: 5_000, what: "the verdict to wait for the payment" });
    committing.resolve();
    await Promise.all([placing, deciding]);
    expect(await statusNow()).toBe("authorizing");
  });

  test("is told when the provider refuses", async () => {
    provider.refuse.add("authorize");
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    expect(await published()).toEqual([
      "PaymentRequested",
      "PaymentDeclined PROVIDER_REFUSED",
      "PaymentSettled DECLINED",
    ]);
  });

  test("is told when the capture is refused, and the authorisation goes back", async () => {
    provider.refuse.add("capture");
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    await deliver.accepted();
    await service.steps.runDue();
    expect(await statusNow()).toBe("voided");
    expect((await published()).slice(2)).toEqual([
      "PaymentCaptureFailed insufficient_funds",
      "PaymentSettled VOIDED",
    ]);
  });
});

describe("an order that is declined", () => {
  test("never reaches the provider", async () => {
    await deliver.placed();
    await deliver.decided("DECLINE");
    await service.steps.runDue();
    expect(provider.carriedOut).toEqual([]);
    expect(await published("payments")).toEqual(["PaymentDeclined FRAUD"]);
  });

  test.each([
    ["a payment method that is not known", { paymentMethodId: "pm_none" }],
    ["somebody else's payment method", { customerId: "cust_demo_002" }],
    ["a currency that is not known", { currency: "SEK" }],
  ])("for %s ends at once and stores nothing", async (_, fields) => {
    await deliver.placed(fields);
    expect(await published()).toEqual(["PaymentDeclined INVALID_REQUEST"]);
    expect(await statusNow()).toBeUndefined();
  });
});

describe("a held payment", () => {
  test("waits for a person, and is voided when nobody decides in time", async () => {
    const paymentId = await held();
    expect(await published("payments")).toEqual(["PaymentHeld"]);
    clock.advance(24 * hourMs - 1);
    expect(await service.timers.runDue()).toBe(0);
    clock.advance(1);
    expect(await service.timers.runDue()).toBe(1);
    await service.steps.runDue();
    expect(await published("payments")).toEqual(["PaymentHeld", "PaymentVoided HOLD_EXPIRED"]);
    expect(provider.carriedOut.at(-1)).toMatchObject({ key: `${paymentId}/void` });
  });

  test("is released or declined, never both, when two analysts decide at once", async () => {
    const paymentId = await held();
    const at = clock.now();
    const reviews = (["ReleaseHold", "DeclineHold"] as const).map((type) =>
      db.database.transact((tx) =>
        service.payments.execute(tx, { paymentId }, { type, at, by: "ann", reason: "seen" }),
      ),
    );
    const results = await Promise.allSettled(reviews);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { name: "IllegalTransition" },
    });
    const labels = (await db.published()).filter(({ type }) => type === "FraudLabelled");
    expect(labels).toHaveLength(1);
  });
});

describe("while the scorer is silent", () => {
  test("a small amount is authorised but not for capture; the late approval releases it", async () => {
    await deliver.placed({ amountMinor: 5_000 });
    clock.advance(2_000);
    await service.timers.runDue();
    await service.steps.runDue();
    await deliver.decided("APPROVE");
    expect((await db.published()).slice(1)).toMatchObject([
      {
        type: "PaymentAuthorized",
        event: { captureAllowed: false, verdictSource: "FALLBACK", decisionId: null },
      },
      { type: "PaymentReleased", event: { releasedBy: "scorer" } },
    ]);
    expect(await statusNow()).toBe("authorized");
  });

  test("a small amount goes to review when the limit passes, and a late decline voids it", async () => {
    await deliver.placed({ amountMinor: 5_000 });
    clock.advance(2_000);
    await service.timers.runDue();
    await service.steps.runDue();
    clock.advance(28_000);
    await service.timers.runDue();
    await deliver.decided("DECLINE");
    await service.steps.runDue();
    expect(await published("payments")).toEqual([
      "PaymentAuthorized",
      "PaymentHeld",
      "PaymentVoided LATE_DECLINE",
    ]);
  });

  test("a large amount is held", async () => {
    await deliver.placed({ amountMinor: 5_001 });
    clock.advance(2_000);
    await service.timers.runDue();
    await service.steps.runDue();
    expect((await db.published()).slice(1)).toMatchObject([
      { type: "PaymentHeld", event: { verdictSource: "FALLBACK", reasons: [] } },
    ]);
  });

  test("a verdict in time leaves no timer behind", async () => {
    await deliver.placed();
    await deliver.decided("APPROVE");
    const { rows } = await db.database.read("SELECT key FROM work_queue WHERE queue = $1", [
      "payment-timers",
    ]);
    expect(rows).toEqual([]);
  });
});

describe("a provider that does not answer", () => {
  test("after acting is asked what became of the key, and nothing is done twice", async () => {
    provider.silence = "after";
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    expect(await statusNow()).toBe("authorizing");
    provider.silence = "none";
    clock.advance(30_000);
    await service.steps.runDue();
    expect(await statusNow()).toBe("authorized");
    expect(provider.carriedOut).toHaveLength(1);
  });

  test("before acting is asked again under the same key", async () => {
    provider.silence = "before";
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    provider.silence = "none";
    clock.advance(30_000);
    await service.steps.runDue();
    expect(await statusNow()).toBe("authorized");
  });

  test("for too long declines the order; what it granted after all is given back", async () => {
    provider.silence = "after";
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    provider.silence = "before";
    clock.advance(60_001);
    await service.steps.runDue();
    expect(await published("payments")).toEqual(["PaymentDeclined PROVIDER_UNREACHABLE"]);
    provider.silence = "none";
    clock.advance(60_000);
    await service.steps.runDue();
    expect(await statusNow()).toBe("voided");
    expect(provider.carriedOut.map(({ step }) => step)).toEqual(["authorize", "void"]);
    expect(await published("payments")).toHaveLength(1);
    expect(await published("card-activity")).toEqual(["PaymentRequested", "PaymentSettled VOIDED"]);
  });

  test("may be forgotten by a process that crashes: the next one finds the answer by the key", async () => {
    await deliver.placed();
    await deliver.decided("APPROVE");
    const paymentId = await paymentIdOf(orderId);
    const perform = createPerformStep({
      database: db.database,
      payments: service.payments,
      provider,
      clock,
      providerLimitMs: 60_000,
    });
    const signal = new AbortController().signal;
    const key = `${paymentId}/authorize`;
    const payload = { step: "authorize", paymentId } as const;
    // The provider has acted; the process ends before it can say so.
    await perform({ key, payload, attempt: 1, dueAt: clock.now(), signal });
    await service.steps.runDue();
    expect(provider.carriedOut).toHaveLength(1);
    expect(await statusNow()).toBe("authorized");
  });

  test("is called once by several instances", async () => {
    await deliver.placed();
    await deliver.decided("APPROVE");
    const others = [1, 2, 3].map(() => openService(db.open()));
    await Promise.all(others.map(({ steps }) => steps.runDue()));
    expect(provider.carriedOut).toHaveLength(1);
    expect(await published("payments")).toEqual(["PaymentAuthorized"]);
  });
});

describe("an order that is cancelled", () => {
  test("before it is placed here is declined at once", async () => {
    await deliver.cancelled();
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    expect(provider.carriedOut).toEqual([]);
    expect(await published()).toEqual([
      "PaymentRequested",
      "PaymentDeclined ORDER_CANCELLED",
      "PaymentSettled DECLINED",
    ]);
  });

  test("while the provider's answer is unknown is voided when the answer comes", async () => {
    provider.silence = "after";
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    await deliver.cancelled();
    provider.silence = "none";
    clock.advance(30_000);
    await service.steps.runDue();
    expect(await published("payments")).toEqual(["PaymentVoided ORDER_CANCELLED"]);
  });

  test("after its capture is refunded, once", async () => {
    await deliver.placed();
    await deliver.decided("APPROVE");
    await service.steps.runDue();
    await deliver.accepted();
    await service.steps.runDue();
    await deliver.cancelled();
    await deliver.cancelled();
    await service.steps.runDue();
    expect(await statusNow()).toBe("refunded");
    expect((await db.published()).at(-2)).toMatchObject({
      type: "PaymentRefunded",
      event: { amountMinor: 4_000, refundedTotalMinor: 4_000 },
    });
    expect(provider.carriedOut.filter(({ step }) => step === "refund")).toHaveLength(1);
  });
});

describe("the history", () => {
  test("folds to the stored state and cannot be changed", async () => {
    const paymentId = await held();
    const found = await findPayment(db.database.read, paymentId);
    const history = await readHistory(db.database.read, paymentId);
    expect(replay(history)).toEqual(found?.payment);
    expect(found?.version).toBe(history.length);
    for (const change of ["UPDATE payment_events SET type = 'x'", "DELETE FROM payment_events"]) {
      await expect(db.database.read(change)).rejects.toThrow(/append-only|permission denied/);
    }
  });
});
