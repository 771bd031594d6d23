import { renderMetrics, silentLogger } from "@holdfast/telemetry";
import { buildEvent, createFakeClock, useTestDatabase, waitFor } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Tx } from "./transaction.ts";
import type { PerformTask, Task, WorkQueue, WorkQueueOptions } from "./work-queue.ts";
import { createWorkQueue } from "./work-queue-worker.ts";

interface Step {
  readonly amount: number;
}

const db = useTestDatabase();
const clock = createFakeClock();
let queues: WorkQueue<Step>[] = [];

beforeEach(() => db.clear());
afterEach(async () => {
  await Promise.all(queues.map((queue) => queue.stop()));
  queues = [];
});

function queueOf(
  perform: PerformTask<Step>,
  options: Partial<WorkQueueOptions<Step>> = {},
): WorkQueue<Step> {
  const queue = createWorkQueue<Step>({
    database: db.database,
    name: "steps",
    perform,
    clock,
    logger: silentLogger,
    pollMs: 50,
    ...options,
  });
  queues.push(queue);
  return queue;
}

/** The effect of a settled task: an event named after it. */
const settleAs = (name: string) => async (tx: Tx) => {
  const event = buildEvent("PaymentCaptured");
  await tx.publish("payments", "PaymentCaptured", event, { key: "c", entityId: name });
};
const settles: PerformTask<Step> = async ({ key }) => settleAs(key);

async function schedule(queue: WorkQueue<Step>, key: string, dueAt?: number): Promise<void> {
  const due = dueAt === undefined ? {} : { dueAt };
  await db.database.transact((tx) => queue.schedule(tx, { key, payload: { amount: 5 }, ...due }));
}

async function settled(): Promise<string[]> {
  return (await db.published()).map(({ entityId }) => entityId).sort();
}

async function owed(): Promise<Record<string, unknown>[]> {
  return (await db.database.read("SELECT * FROM work_queue ORDER BY key")).rows;
}

describe("a durable queue", () => {
  test("carries out what is scheduled, right after the commit", async () => {
    const queue = queueOf(settles, { pollMs: 60_000 });
    await queue.start();
    await schedule(queue, "capture:1");
    await waitFor(async () => (await settled()).length === 1, { limitMs: 2_000 });
    expect(await owed()).toEqual([]);
  });

  test("owes nothing when the transaction that scheduled it rolls back", async () => {
    const queue = queueOf(settles);
    const work = db.database.transact(async (tx) => {
      await queue.schedule(tx, { key: "k", payload: { amount: 1 } });
      throw new Error("no");
    });
    await expect(work).rejects.toThrow("no");
    expect(await queue.runDue()).toBe(0);
  });

  test("gives the handler key, payload, attempt and due time", async () => {
    const seen: Omit<Task<Step>, "signal">[] = [];
    const queue = queueOf(async ({ signal, ...task }) => {
      seen.push(task);
      return settleAs(String(signal.aborted));
    });
    await schedule(queue, "k", clock.now() - 1);
    await queue.runDue();
    const task = { key: "k", payload: { amount: 5 }, attempt: 1, dueAt: clock.now() - 1 };
    expect(seen).toEqual([task]);
  });

  test("fires a timer when it is due and not before", async () => {
    const queue = queueOf(settles);
    await schedule(queue, "expiry:1", clock.now() + 1_000);
    clock.advance(999);
    expect(await queue.runDue()).toBe(0);
    clock.advance(1);
    expect(await queue.runDue()).toBe(1);
    expect(await settled()).toEqual(["expiry:1"]);
  });

  test("does not fire a timer that was cancelled", async () => {
    const queue = queueOf(settles);
    await schedule(queue, "k");
    expect(await db.database.transact((tx) => queue.cancel(tx, "k"))).toBe(true);
    expect(await db.database.transact((tx) => queue.cancel(tx, "k"))).toBe(false);
    expect(await queue.runDue()).toBe(0);
  });

  test("takes the same key once", async () => {
    const queue = queueOf(settles);
    await schedule(queue, "k");
    await schedule(queue, "k");
    expect(await queue.runDue()).toBe(1);
  });

  test("lets a settle schedule the next step under the same key", async () => {
    let left = 2;
    const queue: WorkQueue<Step> = queueOf(async ({ key }) => async (tx) => {
      left -= 1;
      if (left > 0) await queue.schedule(tx, { key, payload: { amount: 1 } });
      await settleAs(`left ${left}`)(tx);
    });
    await schedule(queue, "k");
    expect(await queue.runDue()).toBe(2);
    expect(await settled()).toEqual(["left 0", "left 1"]);
  });

  test("tries a failed task again after its back-off, with the attempt counted", async () => {
    const attempts: number[] = [];
    const queue = queueOf(
      async ({ attempt, key }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error("provider timed out");
        return settleAs(key);
      },
      { backoffMs: (attempt) => attempt * 100 },
    );
    await schedule(queue, "k");
    expect(await queue.runDue()).toBe(0);
    expect((await owed())[0]?.["last_error"]).toBe("Error: provider timed out");
    clock.advance(99);
    await queue.runDue();
    expect(attempts).toEqual([1]);
    clock.advance(1);
    await queue.runDue();
    clock.advance(200);
    await queue.runDue();
    expect(attempts).toEqual([1, 2, 3]);
    expect(await settled()).toEqual(["k"]);
  });

  test("tells how long the oldest task has been due, also while it waits for its next try", async () => {
    const queue = queueOf(
      async () => {
        throw new Error("provider is down");
      },
      { name: "measured", backoffMs: () => 30_000 },
    );
    await schedule(queue, "k");
    await schedule(queue, "later", clock.now() + 100_000);
    await queue.runDue();
    clock.advance(7_000);
    await queue.start();
    const line = 'work_queue_oldest_due_age_seconds{queue="measured"} 7';
    expect(await renderMetrics()).toContain(line);
  });

  test("keeps the task when its settle fails: effects and removal are one commit", async () => {
    const queue = queueOf(async () => async (tx) => {
      await settleAs("half")(tx);
      throw new Error("no");
    });
    await schedule(queue, "k");
    expect(await queue.runDue()).toBe(0);
    expect([await settled(), (await owed()).length]).toEqual([[], 1]);
  });

  test("shares its tasks among workers without doing one twice", async () => {
    const carriedOut: string[] = [];
    const perform: PerformTask<Step> = async ({ key }) => {
      carriedOut.push(key);
      return settleAs(key);
    };
    const workers = [queueOf(perform), queueOf(perform), queueOf(perform)];
    const keys = Array.from({ length: 60 }, (_, index) => `k${String(index).padStart(2, "0")}`);
    for (const key of keys) await schedule(workers[0] as WorkQueue<Step>, key);
    await Promise.all(workers.map((worker) => worker.start()));
    await waitFor(async () => (await owed()).length === 0, { limitMs: 10_000 });
    expect(carriedOut.toSorted()).toEqual(keys);
  });

  test("hands a crashed worker's task to another, and the zombie cannot settle it", async () => {
    const stalled = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const zombie = queueOf(
      async () => {
        started.resolve();
        await stalled.promise;
        return settleAs("zombie");
      },
      { leaseMs: 50 },
    );
    await schedule(zombie, "k");
    const zombieRun = zombie.runDue();
    await started.promise;
    const successor = queueOf(async () => settleAs("successor"));
    await waitFor(async () => (await successor.runDue()) === 1, { limitMs: 3_000 });
    stalled.resolve();
    expect(await zombieRun).toBe(0);
    expect(await settled()).toEqual(["successor"]);
  });

  test("cannot settle a task that was cancelled meanwhile", async () => {
    const queue: WorkQueue<Step> = queueOf(async ({ key }) => {
      await db.database.transact((tx) => queue.cancel(tx, key));
      return settleAs(key);
    });
    await schedule(queue, "k");
    expect(await queue.runDue()).toBe(0);
    expect(await settled()).toEqual([]);
  });

  test("finishes the tasks in hand before it has stopped", async () => {
    const started = Promise.withResolvers<void>();
    const mayFinish = Promise.withResolvers<void>();
    const queue = queueOf(async ({ key }) => {
      started.resolve();
      await mayFinish.promise;
      return settleAs(key);
    });
    await queue.start();
    await schedule(queue, "k");
    await started.promise;
    const stopped = queue.stop();
    mayFinish.resolve();
    await stopped;
    expect(await settled()).toEqual(["k"]);
  });
});
