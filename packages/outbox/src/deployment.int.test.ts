import { createLogger } from "@holdfast/telemetry";
import { buildEvent, useTestDatabase } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import pg from "pg";
import { grantService, migrate, outboxMigrationsDir, outboxMigrationsTable } from "./migrate.ts";
import { ensureReplicationSlot, outboxLag, outboxPublication, outboxSlot } from "./replication.ts";
import { createRetentionSweeper, sweep } from "./retention.ts";

const db = useTestDatabase();

async function asOwner<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: db.ownerUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function publish(entityId: string): Promise<string> {
  return db.database.transact((tx) =>
    tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), { key: "c", entityId }),
  );
}

const migrateOutbox = (direction: "up" | "down", count?: number) =>
  migrate({
    url: db.ownerUrl,
    dir: outboxMigrationsDir,
    table: outboxMigrationsTable,
    direction,
    ...(count === undefined ? {} : { count }),
  });

describe("the migrations", () => {
  test("run once, go down and come up again", async () => {
    expect(await migrateOutbox("up")).toEqual([]);
    const down = await migrateOutbox("down", 6);
    expect(down).toEqual([
      "0006_parked_entities",
      "0005_dead_letter_actions",
      "0004_work_queue",
      "0003_idempotency_keys",
      "0002_inbox",
      "0001_outbox",
    ]);
    const left = await db.database.read(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migrations'",
    );
    expect(left.rows).toEqual([]);
    expect(await migrateOutbox("up")).toEqual(down.toReversed());
    await grantAgain();
  });

  test("publish inserts of the outbox and nothing else", async () => {
    const tables = await db.database.read("SELECT pubname, tablename FROM pg_publication_tables");
    expect(tables.rows).toEqual([{ pubname: outboxPublication, tablename: "outbox" }]);
    const operations = await db.database.read(
      "SELECT pubinsert, pubupdate, pubdelete, pubtruncate FROM pg_publication",
    );
    expect(operations.rows).toEqual([
      { pubinsert: true, pubupdate: false, pubdelete: false, pubtruncate: false },
    ]);
  });

  async function grantAgain(): Promise<void> {
    await grantService({ url: db.ownerUrl, role: new URL(db.url).username });
  }
});

describe("the service's role", () => {
  test.each([
    "CREATE TABLE mine (id int)",
    "DROP TABLE outbox",
    "TRUNCATE inbox",
    "UPDATE outbox SET type = 'Other'",
    "SELECT * FROM outbox_migrations",
    "CREATE SCHEMA mine",
  ])("may not %s", async (statement) => {
    await expect(db.database.read(statement)).rejects.toMatchObject({ code: "42501" });
  });
});

describe("the replication slot", () => {
  test("is made once, and tells how old the oldest unpublished row is", async () => {
    await db.clear();
    const slot = outboxSlot(new URL(db.ownerUrl).pathname.slice(1));
    await publish("before");
    expect((await outboxLag(db.database)).unpublishedRows).toBe(1);
    expect(await ensureReplicationSlot({ url: db.ownerUrl, slot })).toBe(true);
    expect(await ensureReplicationSlot({ url: db.ownerUrl, slot })).toBe(false);
    const idle = { oldestUnpublishedAgeSeconds: 0, unpublishedRows: 0 };
    expect(await outboxLag(db.database)).toEqual(idle);
    const ids = [await publish("order-1"), await publish("order-2")];
    const lag = await outboxLag(db.database);
    expect(lag.unpublishedRows).toBe(2);
    expect(lag.oldestUnpublishedAgeSeconds).toBeGreaterThan(0);
    const inserts = await asOwner((client) =>
      client.query(
        `SELECT count(*)::int AS n FROM pg_logical_slot_get_binary_changes($1, NULL, NULL,
           'proto_version', '1', 'publication_names', $2) WHERE get_byte(data, 0) = ascii('I')`,
        [slot, outboxPublication],
      ),
    );
    expect(inserts.rows).toEqual([{ n: ids.length }]);
    expect(await outboxLag(db.database)).toEqual(idle);
  });
});

describe("the retention sweep", () => {
  test("deletes what is older than its retention and keeps the rest", async () => {
    await db.clear();
    await publish("old");
    await publish("young");
    await asOwner(async (client) => {
      await client.query(
        "UPDATE outbox SET created_at = now() - interval '8 days' WHERE entity_id = 'old'",
      );
      await client.query(
        `INSERT INTO inbox (consumer_group, event_id, received_at)
         SELECT 'g', gen_random_uuid(), now() - interval '101 days' FROM generate_series(1, 12000)
         UNION ALL SELECT 'g', gen_random_uuid(), now() - interval '99 days'`,
      );
    });
    expect(await sweep(db.database)).toMatchObject({ outbox: 1, inbox: 12_000 });
    expect((await db.published()).map(({ entityId }) => entityId)).toEqual(["young"]);
    expect(await sweep(db.database)).toMatchObject({ outbox: 0, inbox: 0 });
  });

  test("logs what it deleted, table by table, under names that may be logged", async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ service: "test", level: "info", destination });
    const sweeper = createRetentionSweeper({ database: db.database, logger });
    await sweeper.start();
    await sweeper.stop();
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      rows: { outbox: 0, inbox: 0, inbox_attempts: 0, idempotency_keys: 0 },
    });
  });
});
