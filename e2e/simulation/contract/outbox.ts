import { type Database, idempotent, type Tx } from "@holdfast/outbox";
import { silentLogger } from "@holdfast/telemetry";
import { buildMessage } from "@holdfast/testkit";
import { advanceEntity, claimInTurn } from "../../../packages/outbox/src/entity-order.ts";
import { park, takeParked } from "../../../packages/outbox/src/parked-records.ts";
import { createWorkQueue } from "../../../packages/outbox/src/work-queue-worker.ts";
import { type Case, told } from "./contract.ts";

const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const entity = (version: number) => ({ topic: "orders", entityId: id(1), version });

const message = buildMessage("orders", ["OrderCancelled", { orderId: id(1) }], {
  id: id(2),
  entityId: id(1),
  entityVersion: 2,
});

const request = (body: unknown) => ({
  caller: { name: "shop" },
  method: "post",
  route: "/orders",
  path: "/orders",
  idempotencyKey: "key-1",
  body,
});

async function answer(database: Database, body: unknown): Promise<unknown> {
  const work = async () => ({ status: 202, body: { of: body } });
  const { status, headers, rawBody } = await idempotent(database, request(body), work);
  return [status, headers["Idempotent-Replayed"] ?? "first", rawBody.toString()];
}

/** A queue whose tasks are done by saying so. */
function queueOn(database: Database, performed: string[]) {
  return createWorkQueue<{ n: number }>({
    database,
    name: "contract",
    clock: { now: () => Date.UTC(2026, 0, 1) },
    logger: silentLogger,
    perform: async ({ key, payload, attempt }) => {
      performed.push(`${key} ${payload.n} ${attempt}`);
      return async () => undefined;
    },
  });
}

/** What the tables of the outbox package promise. */
export const outboxCases: readonly Case[] = [
  {
    name: "versions of an entity take turns",
    ask: (database) =>
      database.transact(async (tx) => [
        await advanceEntity(tx, "group", entity(2)),
        await advanceEntity(tx, "group", entity(1)),
        await advanceEntity(tx, "group", entity(1)),
        await advanceEntity(tx, "group", entity(2)),
        await advanceEntity(tx, "other", entity(3)),
      ]),
    expected: ["early", "next", "stale", "next", "early"],
  },
  {
    name: "a parked record is taken out when its turn has come, once",
    ask: async (database) => {
      const parked = { group: "group", message, version: entity(2), maxParked: 1 };
      const take = (tx: Tx) => takeParked(tx, "group", entity(1));
      return database.transact(async (tx) => {
        await park(tx, parked);
        const early = await take(tx);
        await advanceEntity(tx, "group", entity(1));
        const due = await take(tx);
        return [early?.id ?? null, due?.id, due?.event, (await take(tx))?.id ?? null];
      });
    },
    expected: [null, id(2), message.event, null],
  },
  {
    name: "events of an entity are claimed in turn and once, and the claim knows of parked ones",
    ask: (database) =>
      database.transact(async (tx) => {
        const claim = async (version: number) => {
          const event = { ...entity(version), eventId: id(version) };
          const { turn, parked } = await claimInTurn(tx, "group", event);
          return `${turn} ${parked}`;
        };
        const early = await claim(2);
        await tx.query("DELETE FROM inbox WHERE consumer_group = $1 AND event_id = $2", [
          "group",
          id(2),
        ]);
        const untroubled = [await claim(1), await claim(1), await claim(2), await claim(2)];
        await park(tx, { group: "group", message, version: entity(4), maxParked: 1 });
        return [early, ...untroubled, await claim(3), await claim(5)];
      }),
    expected: [
      "early false",
      "next false",
      "duplicate true",
      "next false",
      "duplicate true",
      "next true",
      "early true",
    ],
  },
  {
    name: "more parked records than the limit are refused",
    ask: (database) => {
      const parked = { group: "group", message, version: entity(2), maxParked: 1 };
      return told(() =>
        database.transact(async (tx) => {
          await park(tx, parked);
          await park(tx, { ...parked, version: entity(3) });
        }),
      );
    },
    expected: "EntityGap",
  },
  {
    name: "a request under a key is answered once, and another body is refused",
    ask: async (database) => [
      await answer(database, 1),
      await answer(database, 1),
      await told(() => answer(database, 2)),
    ],
    expected: [[202, "first", '{"of":1}'], [202, "true", '{"of":1}'], "IdempotencyProblem"],
  },
  {
    name: "a task is owed once, done once, and not at all when it is cancelled",
    ask: async (database) => {
      const performed: string[] = [];
      const queue = queueOn(database, performed);
      await database.transact(async (tx) => {
        await queue.schedule(tx, { key: "a", payload: { n: 1 } });
        await queue.schedule(tx, { key: "a", payload: { n: 2 } });
        await queue.schedule(tx, { key: "b", payload: { n: 3 } });
        await queue.schedule(tx, { key: "later", payload: { n: 4 }, dueAt: Date.UTC(2027, 0, 1) });
      });
      const cancelled = await database.transact(async (tx) => [
        await queue.cancel(tx, "b"),
        await queue.cancel(tx, "b"),
      ]);
      return [cancelled, await queue.runDue(), await queue.runDue(), performed];
    },
    expected: [[true, false], 1, 0, ["a 1 1"]],
  },
  {
    name: "what is rolled back has not happened",
    ask: async (database) => {
      const fails = async (tx: Tx) => {
        await advanceEntity(tx, "group", entity(1));
        throw new TypeError("no");
      };
      const failed = await told(() => database.transact(fails));
      return [failed, await database.transact((tx) => advanceEntity(tx, "group", entity(1)))];
    },
    expected: ["TypeError", "next"],
  },
];
