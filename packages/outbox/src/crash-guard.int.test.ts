import type { Delivery, DeliveryContext } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { useTestDatabase } from "@holdfast/testkit";
import { beforeEach, expect, test } from "@jest/globals";
import { CrashLoop, crashGuard } from "./crash-guard.ts";

const db = useTestDatabase();
beforeEach(() => db.clear());

function contextAt(offset: string, fromBacklog = true): DeliveryContext {
  const { signal } = new AbortController();
  const bytes = { key: null, value: null, headers: {}, rawHeaders: {}, timestampMs: 0 };
  const record = { topic: "orders", partition: 2, offset, ...bytes };
  const rest = { signal, stopping: signal, fromBacklog, attempt: 1, logger: silentLogger };
  return { record, group: "payment", ...rest };
}

/** A new process, whose memory of earlier ones is in Postgres alone. */
const processWith = (handler: Delivery, watchedRecords = 200): Delivery =>
  crashGuard({ database: db.database, maxDeaths: 3, watchedRecords })(handler);

/** Handles a record and dies of it: the delivery never ends. */
async function die(offset: string): Promise<void> {
  const inHand = Promise.withResolvers<void>();
  void processWith(async () => {
    inHand.resolve();
    await new Promise(() => undefined);
  })(contextAt(offset));
  await inHand.promise;
}

test("a record that killed its process as often as it may is given up, and the next goes on", async () => {
  for (let death = 1; death <= 3; death += 1) await die("7");
  const handled: string[] = [];
  const successor = processWith(async ({ record }) => {
    handled.push(record.offset);
  });
  await expect(successor(contextAt("7"))).rejects.toThrow(CrashLoop);
  await successor(contextAt("8"));
  expect(handled).toEqual(["8"]);
  await successor(contextAt("7"));
  expect(handled).toEqual(["8", "7"]);
});

test("a delivery that fails is not a death, however often", async () => {
  const failing = () =>
    processWith(async () => {
      throw new Error("handler failed");
    })(contextAt("7"));
  for (let n = 0; n < 5; n += 1) await expect(failing()).rejects.toThrow("handler failed");
  await processWith(async () => undefined)(contextAt("7"));
});

test("writes nothing down once the records after a start are through", async () => {
  let rows: unknown[] = [];
  const deliver = processWith(async () => {
    rows = (await db.database.read("SELECT record_offset FROM inbox_attempts")).rows;
  }, 1);
  await deliver(contextAt("7"));
  expect(rows).toEqual([{ record_offset: 7 }]);
  await deliver(contextAt("8"));
  expect(rows).toEqual([]);
});

test("writes nothing down of a record that no process had in hand before", async () => {
  let rows: unknown[] = [];
  const deliver = processWith(async () => {
    rows = (await db.database.read("SELECT record_offset FROM inbox_attempts")).rows;
  });
  await deliver(contextAt("7", false));
  expect(rows).toEqual([]);
  await deliver(contextAt("8"));
  expect(rows).toEqual([{ record_offset: 8 }]);
});
