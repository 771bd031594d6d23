import { randomUUID } from "node:crypto";
import { createKafka, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import {
  type StackControl,
  type StartedStack,
  startStack,
  testStack,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";

// A stack of its own: what is broken here would be missed elsewhere.
let stack: StartedStack;
let control: StackControl;
let orderUrl: string;
let operationsUrl: string;
let brokers: readonly string[];
const topic = "orders";
const slot = "holdfast_outbox_order";

beforeAll(async () => {
  stack = await startStack({ name: `streams-${process.pid}`, only: ["operations"] });
  const running = testStack(stack.runFile);
  control = running.control;
  const url = new URL(running.postgresAdminUrl);
  url.pathname = "/order";
  orderUrl = url.toString();
  operationsUrl = running.address("operations");
  brokers = running.kafkaBrokers;
}, 180_000);
afterAll(() => stack?.stop(), 60_000);

async function inOrderDatabase<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: orderUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Commits one event per version of a new entity; resolves to their ids. */
async function publish(count: number): Promise<string[]> {
  const entityId = randomUUID();
  return inOrderDatabase(async (client) => {
    const ids: string[] = [];
    for (let version = 1; version <= count; version += 1) {
      const id = randomUUID();
      await client.query(
        `INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, entity_id, entity_version)
         VALUES ($1, $2, $3, 'OrderPlaced', $4, $3, $5)`,
        [id, topic, entityId, Buffer.from(id), version],
      );
      ids.push(id);
    }
    return ids;
  });
}

/** The ids on the topic, in order, and how often each lies there. */
async function onTopic(): Promise<string[]> {
  const kafka = createKafka({ brokers, clientId: "test", logger: silentLogger });
  const ids: string[] = [];
  const reading = tail({
    kafka,
    topics: [topic],
    from: "beginning",
    until: "end",
    logger: silentLogger,
  });
  for await (const { headers, value } of reading) {
    const id = headers["id"] ?? "";
    expect(value?.toString()).toBe(id);
    ids.push(id);
  }
  return ids;
}

async function status(): Promise<{
  recoveries: { connector: string; cause: string }[];
  slots: { slot: string; active: boolean }[];
}> {
  const headers = { authorization: "Bearer demo-admin" };
  return (await fetch(`${operationsUrl}/status`, { headers })).json() as ReturnType<typeof status>;
}

/** Waits until all entities' events are on the topic, the first copies in the order of their versions. */
async function expectDelivered(...entities: readonly string[][]): Promise<void> {
  const ids = entities.flat();
  await waitFor(
    async () => {
      const there = new Set(await onTopic());
      return ids.every((id) => there.has(id));
    },
    { limitMs: 90_000 },
  );
  const firsts = [...new Set(await onTopic())];
  for (const entity of entities) {
    expect(firsts.filter((id) => entity.includes(id))).toEqual(entity);
  }
}

async function dropSlot(): Promise<void> {
  await inOrderDatabase((client) =>
    waitFor(
      async () => {
        await client.query(
          "SELECT pg_terminate_backend(active_pid, 1000) FROM pg_replication_slots WHERE slot_name = $1",
          [slot],
        );
        try {
          await client.query("SELECT pg_drop_replication_slot($1)", [slot]);
          return true;
        } catch {
          return false;
        }
      },
      { limitMs: 20_000 },
    ),
  );
}

describe("a change stream", () => {
  test("whose slot is dropped under a running connector loses nothing and has its slot again", async () => {
    const before = await publish(5);
    await expectDelivered(before);
    await control.stop("connect");
    const unread = await publish(5);
    await control.start("connect");
    await dropSlot();
    const after = await publish(5);
    await expectDelivered(unread, after);
    // The connector may make its slot itself before the supervisor looks: either way it is back.
    await waitFor(
      async () => (await status()).slots.some((seen) => seen.slot === slot && seen.active),
      { limitMs: 30_000, what: "an active slot" },
    );
  }, 240_000);

  test("whose server is killed and comes back goes on by a restart alone", async () => {
    const known = (await status()).recoveries.length;
    await control.signal("postgres", "SIGKILL");
    await control.stop("postgres");
    await control.start("postgres");
    const ids = await publish(5);
    await expectDelivered(ids);
    expect((await status()).recoveries).toHaveLength(known);
  }, 240_000);

  test("that lost its slot while nobody supervised is repaired at the next start", async () => {
    await control.stop("operations");
    await control.stop("connect");
    const unread = await publish(5);
    await dropSlot();
    await control.start("connect");
    await control.start("operations");
    const after = await publish(5);
    await expectDelivered(unread, after);
  }, 240_000);
});
