import type { DeliveryContext, Message } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { buildEvent, useTestDatabase, waitFor } from "@holdfast/testkit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { advanceEntity } from "./entity-order.ts";
import { type InboxOptions, inbox, UnidentifiedMessage } from "./inbox.ts";
import { EntityGap, park, sweepParked } from "./parked-records.ts";
import type { Tx } from "./transaction.ts";

const db = useTestDatabase();
const group = "inventory";

beforeEach(() => db.clear());

interface Sent {
  readonly id?: string;
  readonly version?: number;
  readonly entity?: string;
}

function contextOf({ id = db.ids.next(), version = 1, entity = "order-1" }: Sent): DeliveryContext {
  const record = {
    topic: "orders",
    partition: 0,
    offset: "7",
    key: Buffer.from("cust_1"),
    value: Buffer.from([0, 1, 2, 255]),
    headers: { id },
    rawHeaders: { id: Buffer.from(id) },
    timestampMs: 5,
  };
  const message: Message = {
    id,
    type: "OrderPlaced",
    event: buildEvent("OrderPlaced"),
    key: "cust_1",
    entityId: entity,
    entityVersion: version,
    record,
  };
  const { signal } = new AbortController();
  const stay = { signal, stopping: signal, fromBacklog: false };
  return { group, ...stay, attempt: 1, logger: silentLogger, record, message };
}

/** A consumer whose effect is an event that names what it handled. */
function consumer(options: Partial<InboxOptions> = {}) {
  const handled: string[] = [];
  const middleware = inbox({ database: db.database, ...options });
  const deliver = middleware(async ({ message, tx }) => {
    const entityId = `${message?.entityId}/${message?.entityVersion}`;
    handled.push(entityId);
    const event = buildEvent("StockReserved");
    await (tx as Tx).publish("stock", "StockReserved", event, { key: "cust_1", entityId });
  });
  return { handled, deliver: (sent: Sent) => deliver(contextOf(sent)) };
}

async function effects(): Promise<string[]> {
  return (await db.published()).map(({ entityId }) => entityId);
}

describe("the inbox", () => {
  test("lets an event take effect once, however often and by however many it is delivered", async () => {
    const id = db.ids.next();
    const { deliver } = consumer();
    await Promise.all(Array.from({ length: 10 }, () => deliver({ id })));
    await deliver({ id });
    expect(await effects()).toEqual(["order-1/1"]);
  });

  test("forgets an event whose handler failed, so that it can be delivered again", async () => {
    const id = db.ids.next();
    const failing = inbox({ database: db.database })(async () => {
      throw new Error("handler failed");
    });
    await expect(failing(contextOf({ id }))).rejects.toThrow("handler failed");
    const { deliver } = consumer();
    await deliver({ id });
    expect(await effects()).toEqual(["order-1/1"]);
  });

  test("keeps groups apart", async () => {
    const id = db.ids.next();
    const { deliver } = consumer();
    await deliver({ id });
    const other = inbox({ database: db.database });
    let ran = false;
    await other(async () => {
      ran = true;
    })({ ...contextOf({ id }), group: "payment" });
    expect(ran).toBe(true);
  });

  test("commits nothing of a delivery that was given up", async () => {
    const given = new AbortController();
    const deliver = inbox({ database: db.database })(async ({ tx }) => {
      const event = buildEvent("StockReserved");
      await (tx as Tx).publish("stock", "StockReserved", event, { key: "c", entityId: "late" });
      given.abort();
    });
    await expect(deliver({ ...contextOf({}), signal: given.signal })).rejects.toThrow();
    expect(await effects()).toEqual([]);
  });

  test("refuses a message without a proper id for good", async () => {
    const { deliver } = consumer();
    await expect(deliver({ id: "" })).rejects.toThrow(UnidentifiedMessage);
  });
});

describe("the order of an entity's events, enforced", () => {
  const ordered = (options: Partial<InboxOptions> = {}) =>
    consumer({ entityOrder: "enforced", ...options });

  test("holds whatever the order of delivery", async () => {
    const { deliver } = ordered();
    for (const version of [3, 1, 4, 2, 5]) await deliver({ version });
    expect(await effects()).toEqual([1, 2, 3, 4, 5].map((version) => `order-1/${version}`));
  });

  test("holds when all are delivered at once", async () => {
    const { deliver } = ordered();
    await Promise.all([5, 3, 1, 4, 2].map((version) => deliver({ version })));
    expect(await effects()).toEqual([1, 2, 3, 4, 5].map((version) => `order-1/${version}`));
  });

  test("holds when a successor is parked while its predecessor waits for the entity", async () => {
    const { deliver } = ordered();
    await deliver({ version: 1 });
    const early = contextOf({ version: 3 }).message as Message;
    const version = { topic: "orders", entityId: "order-1", version: 3 };
    const parked = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const parking = db.database.transact(async (tx) => {
      await advanceEntity(tx, group, version);
      await park(tx, { group, message: early, version, maxParked: 1 });
      parked.resolve();
      await mayEnd.promise;
    });
    await parked.promise;
    const delivering = deliver({ version: 2 });
    await waitFor(
      async () => {
        const waiting = await db.database.read(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return waiting.rowCount === 1;
      },
      { limitMs: 5_000 },
    );
    mayEnd.resolve();
    await Promise.all([parking, delivering]);
    expect(await effects()).toEqual([1, 2, 3].map((each) => `order-1/${each}`));
  });

  test("does not make one entity wait for another", async () => {
    const { deliver } = ordered();
    await deliver({ version: 2, entity: "order-2" });
    await deliver({ version: 1, entity: "order-1" });
    expect(await effects()).toEqual(["order-1/1"]);
  });

  test("skips a version that took effect under another id", async () => {
    const { deliver, handled } = ordered();
    await deliver({ version: 1 });
    await deliver({ version: 1 });
    expect(handled).toEqual(["order-1/1"]);
  });

  test("hands on what a crash left parked behind a handled event", async () => {
    const id = db.ids.next();
    const { deliver } = ordered();
    await deliver({ version: 2 });
    // Handled without its successors: what a crash right after the first commit leaves.
    await consumer().deliver({ id, version: 1 });
    await db.database.transact((tx) =>
      advanceEntity(tx, group, { topic: "orders", entityId: "order-1", version: 1 }),
    );
    await deliver({ id, version: 1 });
    expect(await effects()).toEqual(["order-1/1", "order-1/2"]);
  });

  test("rolls a parked event back to its place when its handler fails", async () => {
    let failures = 1;
    const flaky = inbox({ database: db.database, entityOrder: "enforced" })(
      async ({ message, tx }) => {
        if (message?.entityVersion === 2 && failures-- > 0) throw new Error("not yet");
        const entityId = String(message?.entityVersion);
        const event = buildEvent("StockReserved");
        await (tx as Tx).publish("stock", "StockReserved", event, { key: "c", entityId });
      },
    );
    await flaky(contextOf({ version: 2 }));
    const first = contextOf({ version: 1 });
    await expect(flaky(first)).rejects.toThrow("not yet");
    await flaky(first);
    expect(await effects()).toEqual(["1", "2"]);
  });

  test("parks a bounded number and refuses the next", async () => {
    const { deliver } = ordered({ maxParked: 2 });
    await deliver({ version: 3 });
    await deliver({ version: 4 });
    await expect(deliver({ version: 5 })).rejects.toThrow(EntityGap);
  });

  test("gives up after a limit: the records go to the dead-letter topic, whole and in order", async () => {
    const { deliver } = ordered();
    for (const version of [4, 3]) await deliver({ version });
    const dead: [string, Buffer | null, EntityGap][] = [];
    const sweep = (limitMs: number) =>
      sweepParked({
        database: db.database,
        group,
        limitMs,
        logger: silentLogger,
        deadLetter: async (record, error) => {
          dead.push([record.offset, record.value, error]);
        },
      });
    expect(await sweep(60_000)).toBe(0);
    await waitFor(async () => (await sweep(1)) === 2 || dead.length === 2, { limitMs: 2_000 });
    expect(dead.map(([offset, value]) => [offset, value])).toEqual([
      ["7", Buffer.from([0, 1, 2, 255])],
      ["7", Buffer.from([0, 1, 2, 255])],
    ]);
    expect(dead[0]?.[2].message).toContain("Version 3");
    expect(await sweep(1)).toBe(0);
  });
});
