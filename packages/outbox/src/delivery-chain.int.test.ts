import {
  compose,
  type DeliveryContext,
  deadLetter,
  type OutgoingRecord,
  on,
  retry,
  timeout,
} from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { buildEvent, buildMessage, useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";
import { crashGuard } from "./crash-guard.ts";
import { everyVersion } from "./entity-order.ts";
import { PostgresUnavailable } from "./errors.ts";
import { inbox } from "./inbox.ts";
import type { Tx } from "./transaction.ts";

const db = useTestDatabase();
beforeEach(() => db.clear());

/** The chain of a service, as its wiring lists it; decode's work is done by buildMessage. */
function chain(onOrderPlaced: (attempt: number, tx: Tx) => Promise<void>) {
  const deadLetters: OutgoingRecord[] = [];
  let attempts = 0;
  const route = everyVersion(
    on<"orders", Tx>("orders", {
      OrderPlaced: async (_message, tx) => {
        attempts += 1;
        await onOrderPlaced(attempts, tx);
      },
    }),
  );
  const producer = {
    send: async (records: readonly OutgoingRecord[]) => {
      deadLetters.push(...records);
      return [];
    },
  };
  const { database } = db;
  const deliver = compose(
    [
      deadLetter({ producer }),
      crashGuard({ database }),
      retry({ baseDelayMs: 1, maxDelayMs: 2, maxDeliveries: 3 }),
      timeout(),
      inbox({ database, entityOrder: "enforced" }),
    ],
    route.dispatch,
  );
  return { deliver, deadLetters, route };
}

async function reserve(tx: Tx): Promise<void> {
  const event = buildEvent("StockReserved");
  await tx.publish("stock", "StockReserved", event, { key: "c", entityId: "order-1" });
}

function context(
  type: "OrderPlaced" | "OrderAccepted",
  { id, entityVersion }: { id: string; entityVersion: number },
): DeliveryContext {
  const message = buildMessage("orders", [type], { id, entityId: "order-1", entityVersion });
  const { signal } = new AbortController();
  const { record } = message;
  const shared = { signal, stopping: signal, fromBacklog: true, attempt: 1, logger: silentLogger };
  return { record, group: "inventory", message, ...shared };
}

test("an outage is waited out, and the event takes effect once", async () => {
  const { deliver, deadLetters } = chain(async (attempt, tx) => {
    await reserve(tx);
    if (attempt < 5) throw new PostgresUnavailable("gone");
  });
  await deliver(context("OrderPlaced", { id: db.ids.next(), entityVersion: 1 }));
  expect([(await db.published()).length, deadLetters.length]).toEqual([1, 0]);
});

test("a bug is tried a bounded number of times and leaves nothing but a dead letter", async () => {
  const { deliver, deadLetters } = chain(async (_attempt, tx) => {
    await reserve(tx);
    throw new TypeError("undefined is not a function");
  });
  const id = db.ids.next();
  await deliver(context("OrderPlaced", { id, entityVersion: 1 }));
  expect(await db.published()).toEqual([]);
  expect(deadLetters[0]?.headers).toMatchObject({
    id: Buffer.from(id),
    dlq_attempts: "3",
    dlq_error_class: "TypeError",
  });
});

test("a dead letter that is redriven takes effect, and what waited behind it follows", async () => {
  let mended = false;
  const { deliver, deadLetters } = chain(async (_attempt, tx) => {
    if (!mended) throw new TypeError("undefined is not a function");
    await reserve(tx);
  });
  const id = db.ids.next();
  const waiting = { id: db.ids.next(), entityVersion: 2 };
  await deliver(context("OrderPlaced", { id, entityVersion: 1 }));
  await deliver(context("OrderPlaced", waiting));
  expect([deadLetters.length, (await db.published()).length]).toEqual([1, 0]);
  mended = true;
  await deliver(context("OrderPlaced", { id, entityVersion: 1 }));
  expect((await db.published()).length).toBe(2);
});

test("a message without an id is a dead letter at once", async () => {
  const { deliver, deadLetters } = chain(async (_attempt, tx) => reserve(tx));
  await deliver(context("OrderPlaced", { id: "", entityVersion: 1 }));
  expect(deadLetters[0]?.headers?.["dlq_error_class"]).toBe("UnidentifiedMessage");
});

test("an event without a handler makes no gap in the versions", async () => {
  const { deliver, route } = chain(async (_attempt, tx) => reserve(tx));
  const unlisted = context("OrderAccepted", { id: db.ids.next(), entityVersion: 1 });
  expect(route.wants(unlisted.record)).toBe(true);
  await deliver(unlisted);
  expect(unlisted.result).toBe("skipped");
  await deliver(context("OrderPlaced", { id: db.ids.next(), entityVersion: 2 }));
  expect((await db.published()).length).toBe(1);
});
