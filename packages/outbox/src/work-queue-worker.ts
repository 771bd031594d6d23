import { setTimeout as delay } from "node:timers/promises";
import { counter, observe, redactText, type TraceHeaders, withSpan } from "@holdfast/telemetry";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";
import {
  type ClaimedTask,
  claimTasks,
  deleteTask,
  insertTask,
  nextDueAt,
  oldestDueAgeMs,
  putBackTask,
  settleTask,
} from "./work-queue-store.ts";

const minWaitMs = 10;
const maxErrorLength = 300;

const tried = counter("work_queue_tasks_total");

/**
 * Makes a queue. States: idle → running (start) → draining (stop: claims nothing new) → idle, once the
 * tasks in hand have settled or been put back. While running, one loop claims as many due tasks as
 * there are free places, then waits for a nudge, a free place, the next due time or `pollMs`.
 * A database that does not answer is logged and tried again; the loop ends only by stop.
 */
export function createWorkQueue<Payload>(options: WorkQueueOptions<Payload>): WorkQueue<Payload> {
  const { database, name, clock, logger } = options;
  const concurrency = options.concurrency ?? 4;
  const pollMs = options.pollMs ?? 1_000;
  const carryOut = taskRunner(options);
  const inHand = new Set<Promise<unknown>>();
  let wake = new AbortController();
  let running: Promise<void> | undefined;
  let stopping = false;
  let stopObserving: (() => void) | undefined;

  const nudge = (): void => wake.abort();
  const claim = (limit: number): Promise<ClaimedTask<Payload>[]> =>
    claimTasks(database, name, { nowMs: clock.now(), limit, leaseMs: options.leaseMs ?? 30_000 });

  const begin = (task: ClaimedTask<Payload>): void => {
    const work: Promise<unknown> = carryOut(task).finally(() => {
      inHand.delete(work);
      nudge();
    });
    inHand.add(work);
  };

  const claimAndWait = async (): Promise<void> => {
    wake = new AbortController();
    const { signal } = wake;
    const free = concurrency - inHand.size;
    const claimed = free > 0 ? await claim(free) : [];
    for (const task of claimed) begin(task);
    // With all places taken, the end of a task is what there is to wait for, however much is due.
    const waitMs = inHand.size < concurrency ? await untilNextDue() : pollMs;
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  };

  // Not less than minWaitMs: what is due and could not be claimed is locked by someone for a moment.
  const untilNextDue = async (): Promise<number> => {
    const next = await nextDueAt(database, name);
    return next === undefined ? pollMs : Math.min(pollMs, Math.max(minWaitMs, next - clock.now()));
  };

  const loop = async (): Promise<void> => {
    while (!stopping) {
      try {
        await claimAndWait();
      } catch (error) {
        logger.warn({ err: error, name }, "The work queue cannot reach its database");
        await delay(pollMs, undefined, { signal: wake.signal }).catch(() => undefined);
      }
    }
    await Promise.all(inHand);
  };

  return {
    name: `work-queue ${name}`,
    schedule: async (tx, { key, payload, dueAt, newTrace = false }) => {
      await insertTask(tx, name, { key, payload, dueAtMs: dueAt ?? clock.now(), newTrace });
      tx.afterCommit(nudge);
    },
    cancel: (tx, key) => deleteTask(tx, name, key),
    runDue: async () => {
      let settled = 0;
      for (;;) {
        const [task] = await claim(1);
        if (task === undefined) return settled;
        if (await carryOut(task)) settled += 1;
      }
    },
    start: async () => {
      stopping = false;
      stopObserving ??= observe("work_queue_oldest_due_age_seconds", async () => {
        const ageMs = await oldestDueAgeMs(database, name, clock.now());
        return [{ value: ageMs / 1000, labels: { queue: name } }];
      });
      running ??= loop();
    },
    stop: async () => {
      stopping = true;
      nudge();
      await running;
      running = undefined;
      stopObserving?.();
      stopObserving = undefined;
    },
  };
}

/** Carries one claimed task out; resolves to whether it settled and never rejects. */
function taskRunner<Payload>(options: WorkQueueOptions<Payload>) {
  const { database, name, clock, logger, perform } = options;
  const leaseMs = options.leaseMs ?? 30_000;
  const backoffMs = options.backoffMs ?? doublingBackoff;
  const putBack = async (task: ClaimedTask<Payload>, error: unknown): Promise<void> => {
    const waitMs = backoffMs(task.attempt);
    const fields = { err: error, name, task: task.key, attempt: task.attempt, delayMs: waitMs };
    logger.warn(fields, "A task failed and will be tried again");
    await putBackTask(database, name, {
      key: task.key,
      lease: task.lease,
      nextAttemptMs: clock.now() + waitMs,
      error: redactText(String(error)).slice(0, maxErrorLength),
    });
  };
  return async (task: ClaimedTask<Payload>): Promise<boolean> => {
    const signal = AbortSignal.timeout(leaseMs);
    try {
      await withSpan(`process ${name}`, { kind: "consumer", parent: traceOf(task) }, async () => {
        const { key, payload, attempt, dueAt } = task;
        const settle = await perform({ key, payload, attempt, dueAt, signal });
        await database.transact(async (tx) => {
          await settleTask(tx, name, task);
          await settle(tx);
        });
      });
      tried.add(1, { queue: name, result: "settled" });
      return true;
    } catch (error) {
      tried.add(1, { queue: name, result: "failed" });
      // When even this fails the lease runs out and the task is claimed again.
      await putBack(task, error).catch((cause: unknown) => {
        logger.error({ err: cause, name, task: task.key }, "A task could not be put back");
      });
      return false;
    }
  };
}

function traceOf({ traceparent, tracestate }: ClaimedTask<unknown>): TraceHeaders {
  return {
    ...(traceparent === null ? {} : { traceparent }),
    ...(tracestate === null ? {} : { tracestate }),
  };
}

function doublingBackoff(attempt: number): number {
  return Math.min(30_000, 100 * 2 ** Math.min(attempt, 12));
}
