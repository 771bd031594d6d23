import { buildEvent, useTestDatabase, waitFor } from "@holdfast/testkit";
import { describe, expect, test } from "@jest/globals";
import { PostgresUnavailable, TransactionMisuse } from "./errors.ts";
import type { Tx } from "./transaction.ts";

const db = useTestDatabase();
const destination = { key: "cust_1", entityId: "order-1" };

describe("a transaction", () => {
  test("commits effects and events together", async () => {
    await db.clear();
    await db.database.transact(async (tx) => {
      await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
      await tx.publish("orders", "OrderAccepted", buildEvent("OrderAccepted"), destination);
    });
    const published = await db.published();
    expect(published.map(({ type, entityVersion }) => [type, entityVersion])).toEqual([
      ["OrderPlaced", 1],
      ["OrderAccepted", 2],
    ]);
  });

  test("leaves nothing when its work throws", async () => {
    await db.clear();
    const work = db.database.transact(async (tx) => {
      await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
      throw new Error("no");
    });
    await expect(work).rejects.toThrow("no");
    expect(await db.published()).toEqual([]);
  });

  test("cannot be used after its end", async () => {
    let escaped: Tx | undefined;
    await db.database.transact(async (tx) => {
      escaped = tx;
    });
    await expect(escaped?.query("SELECT 1")).rejects.toThrow(TransactionMisuse);
    const late = escaped?.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
    await expect(late).rejects.toThrow(TransactionMisuse);
  });

  test("that forgot to await a statement does not commit", async () => {
    const work = db.database.transact(async (tx) => {
      void tx.query("SELECT pg_sleep(0.05)").catch(() => undefined);
    });
    await expect(work).rejects.toThrow(TransactionMisuse);
    await db.database.check();
  });

  test("that swallowed a statement's error is not taken for committed", async () => {
    await db.clear();
    const work = db.database.transact(async (tx) => {
      await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), destination);
      await tx.query("SELECT nonsense").catch(() => undefined);
    });
    await expect(work).rejects.toThrow(TransactionMisuse);
    expect(await db.published()).toEqual([]);
  });

  test("gives versions that ascend per topic and entity, also to writers at the same time", async () => {
    await db.clear();
    const publish = (entityId: string) =>
      db.database.transact(async (tx) => {
        const event = buildEvent("OrderAccepted");
        await tx.publish("orders", "OrderAccepted", event, { key: "c", entityId });
      });
    await Promise.all(["a", "b", "a", "a", "b", "a"].map(publish));
    const versions = (await db.published()).map((row) => `${row.entityId}${row.entityVersion}`);
    expect(versions.toSorted()).toEqual(["a1", "a2", "a3", "a4", "b1", "b2"]);
    expect(versions.filter((version) => version.startsWith("a"))).toEqual(["a1", "a2", "a3", "a4"]);
  });

  test("keeps the pinned partition and the message key apart from the entity", async () => {
    await db.clear();
    const id = await db.database.transact((tx) =>
      tx.publish("card-activity", "TimeAdvanced", buildEvent("TimeAdvanced"), {
        key: "partition-3",
        entityId: "p3",
        partition: 3,
      }),
    );
    expect(await db.published()).toMatchObject([
      { id, topic: "card-activity", key: "partition-3", entityId: "p3", partition: 3 },
    ]);
  });

  test("runs what waits for the commit after it, and not after a rollback", async () => {
    const ran: string[] = [];
    await db.database.transact(async (tx) => {
      tx.afterCommit(() => ran.push("first"));
      tx.afterCommit(() => {
        throw new Error("logged, not thrown");
      });
      tx.afterCommit(() => ran.push("second"));
      expect(ran).toEqual([]);
    });
    const failed = db.database.transact(async (tx) => {
      tx.afterCommit(() => ran.push("never"));
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(ran).toEqual(["first", "second"]);
  });

  test("runs again when Postgres picked it as a deadlock's victim", async () => {
    const entities = ["a", "b"];
    let runs = 0;
    const meet = Promise.withResolvers<void>();
    let arrived = 0;
    const locking = (order: readonly string[]) =>
      db.database.transact(async (tx) => {
        runs += 1;
        const lock = (key: string) => tx.query("SELECT pg_advisory_xact_lock(hashtext($1))", [key]);
        await lock(order[0] ?? "");
        arrived += 1;
        if (arrived === 2) meet.resolve();
        await meet.promise;
        await lock(order[1] ?? "");
      });
    await Promise.all([locking(entities), locking(entities.toReversed())]);
    expect(runs).toBe(3);
  });

  test("gives bigint columns as numbers and refuses those that are not exact", async () => {
    const { rows } = await db.database.read("SELECT 9007199254740991::bigint AS big");
    expect(rows).toEqual([{ big: Number.MAX_SAFE_INTEGER }]);
    await expect(db.database.read("SELECT 9007199254740993::bigint")).rejects.toThrow(RangeError);
    await db.database.check();
  });
});

describe("a database that does not answer", () => {
  test("is a transient error, whatever was asked", async () => {
    const down = db.open({ url: "postgres://nobody:nobody@127.0.0.1:1/none" });
    await expect(down.check()).rejects.toThrow(PostgresUnavailable);
    await expect(down.transact(async () => 1)).rejects.toMatchObject({
      transient: true,
      problem: { status: 503, code: "database_unavailable", retryAfterSeconds: 2 },
    });
  });

  test("in the middle of a transaction is a transient error, and the next one works", async () => {
    const work = db.database.transact((tx) =>
      tx.query("SELECT pg_terminate_backend(pg_backend_pid())"),
    );
    await expect(work).rejects.toThrow(PostgresUnavailable);
    await db.database.transact((tx) => tx.query("SELECT 1"));
  });

  test("ends the transaction of a process that was paused in the middle of it", async () => {
    await db.clear();
    const url = `${db.url}?idle_in_transaction_session_timeout=50`;
    const paused = db.open({ url, applicationName: "paused" });
    const work = paused.transact(async (tx) => {
      const event = buildEvent("OrderPlaced");
      await tx.publish("orders", "OrderPlaced", event, destination);
      const ended = "SELECT FROM pg_stat_activity WHERE application_name = 'paused'";
      const isEnded = async () => (await db.database.read(ended)).rowCount === 0;
      await waitFor(isEnded, { limitMs: 5_000, what: "the end of the paused transaction" });
    });
    await expect(work).rejects.toThrow(PostgresUnavailable);
    expect(await db.published()).toEqual([]);
  });

  test("does not hide what is wrong with a statement", async () => {
    await expect(db.database.read("SELECT nonsense")).rejects.toMatchObject({ code: "42703" });
  });
});
