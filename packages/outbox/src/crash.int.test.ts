import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { silentLogger } from "@holdfast/telemetry";
import { buildEvent, createFakeClock, useTestDatabase, waitFor } from "@holdfast/testkit";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { idempotent } from "./idempotency.ts";
import type { Tx } from "./transaction.ts";
import { createWorkQueue } from "./work-queue-worker.ts";

const db = useTestDatabase();
const children: ChildProcess[] = [];

beforeEach(() => db.clear());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/**
 * Runs a program in a process of its own until it says "here" and ends it by kill -9. The program may
 * use: outbox (this package), database, publish(tx, entityId), and here(), which never returns.
 */
async function runAndKill(program: string): Promise<void> {
  const source = `
    import * as outbox from "./src/index.ts";
    const codec = { encode: (_topic, type, event) => Buffer.from(JSON.stringify({ type, event })) };
    let n = 0;
    const ids = { next: () => "00000000-ffff-7000-8000-" + String(n++).padStart(12, "0") };
    const database = outbox.createDatabase({
      url: process.argv[1], applicationName: "doomed", ids, codec,
    });
    const publish = (tx, entityId) => tx.publish(
      "orders", "OrderPlaced", JSON.parse(process.argv[2]), { key: "c", entityId });
    const here = () => { process.stdout.write("here"); return new Promise(() => {}); };
    setInterval(() => {}, 1000);
    ${program}`;
  const event = JSON.stringify(buildEvent("OrderPlaced"));
  const child = spawn(process.execPath, ["--input-type=module", "-e", source, db.url, event], {
    cwd: dirname(import.meta.dirname),
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
}

async function publish(tx: Tx, entityId: string): Promise<void> {
  await tx.publish("orders", "OrderPlaced", buildEvent("OrderPlaced"), { key: "c", entityId });
}

const entities = async () => (await db.published()).map(({ entityId }) => entityId);

const request = {
  caller: { name: "shop" },
  method: "POST",
  route: "/orders",
  path: "/orders",
  idempotencyKey: "k1",
  body: { quantity: 1 },
};
const answerOf = () =>
  idempotent(db.database, request, async (tx) => {
    await publish(tx, "retry");
    return { status: 202, body: { by: "retry" } };
  });

test("a request whose process died before the commit is carried out by its retry", async () => {
  await runAndKill(`
    await outbox.idempotent(database, ${JSON.stringify(request)}, async (tx) => {
      await publish(tx, "died");
      await here();
    });`);
  // The server needs a moment to notice the death; until then the key counts as in use.
  const answer = await waitFor(answerOf, { limitMs: 5_000 });
  expect(String(answer.rawBody)).toBe('{"by":"retry"}');
  expect(await entities()).toEqual(["retry"]);
});

test("a request whose process died after the commit is answered from the store", async () => {
  await runAndKill(`
    await outbox.idempotent(database, ${JSON.stringify(request)}, async (tx) => {
      await publish(tx, "died");
      return { status: 202, body: { by: "died" } };
    });
    await here();`);
  const answer = await waitFor(answerOf, { limitMs: 5_000 });
  expect(String(answer.rawBody)).toBe('{"by":"died"}');
  expect(answer.headers["Idempotent-Replayed"]).toBe("true");
  expect(await entities()).toEqual(["died"]);
});

test("a step whose process died while it was carried out is taken over", async () => {
  const task = `{ database, name: "steps", clock: { now: () => ${Date.UTC(2026, 0, 1)} }, leaseMs: 100,
    logger: { warn() {}, info() {}, error() {} } }`;
  await runAndKill(`
    const queue = outbox.createWorkQueue({ ...${task}, perform: () => here() });
    await database.transact((tx) => queue.schedule(tx, { key: "capture:1", payload: {} }));
    await queue.runDue();`);
  const successor = createWorkQueue({
    database: db.database,
    name: "steps",
    clock: createFakeClock(),
    logger: silentLogger,
    perform:
      async ({ key, attempt }) =>
      (tx) =>
        publish(tx, `${key} at attempt ${attempt}`),
  });
  await waitFor(async () => (await successor.runDue()) === 1, { limitMs: 5_000 });
  expect(await entities()).toEqual(["capture:1 at attempt 2"]);
});
