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
const defaultPollMs = 1_000;
const defaultLeaseMs = 30_000;
const maxErrorLength = 300;

const tried = counter("work_queue_tasks_total");

type Claim<Payload> = (limit: number) => Promise<ClaimedTask<Payload>[]>;

/** Resolves to whether the task settled; never rejects. */
type CarryOut<Payload> = (task: ClaimedTask<Payload>) => Promise<boolean>;

/** Makes a queue; see startWorker for what runs between start and stop. */
export function createWorkQueue<Payload>(options: WorkQueueOptions<Payload>): WorkQueue<Payload> {
  const { database, name, clock, leaseMs = defaultLeaseMs, pollMs = defaultPollMs } = options;
  const carryOut = taskRunner(options);
  const claim: Claim<Payload> = (limit) =>
    claimTasks(database, name, { nowMs: clock.now(), limit, leaseMs });
  let worker: Worker | undefined;
  let stopObserving: (() => void) | undefined;
  return {
    name: `work-queue ${name}`,
    schedule: async (tx, { key, payload, dueAt = clock.now(), newTrace = false }) => {
      await insertTask(tx, name, { key, payload, dueAtMs: dueAt, newTrace });
      // What is due later is found when the worker looks next.
      if (dueAt < clock.now() + pollMs) tx.afterCommit(() => worker?.nudge());
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
      stopObserving ??= observe("work_queue_oldest_due_age_seconds", async () => {
        const ageMs = await oldestDueAgeMs(database, name, clock.now());
        return [{ value: ageMs / 1000, labels: { queue: name } }];
      });
      worker ??= startWorker(options, claim, carryOut);
    },
    stop: async () => {
      await worker?.stop();
      worker = undefined;
      stopObserving?.();
      stopObserving = undefined;
    },
  };
}

/** A running queue. */
interface Worker {
  /** Something may have become due. */
  nudge(): void;
  /** Claims nothing new, and resolves once the tasks in hand have settled or been put back. */
  stop(): Promise<void>;
}

/**
 * Runs until stop: one loop claims as many due tasks as there are free places, then waits for a nudge,
 * the next due time or `pollMs`. The end of a task is a nudge when it freed the first place or put the
 * task back; otherwise the loop knows what is due. A database that does not answer is logged and tried
 * again; the loop ends only by stop.
 */
function startWorker<Payload>(
  options: WorkQueueOptions<Payload>,
  claim: Claim<Payload>,
  carryOut: CarryOut<Payload>,
): Worker {
  const { database, name, clock, logger, concurrency = 4, pollMs = defaultPollMs } = options;
  const inHand = new Set<Promise<unknown>>();
  let wake = new AbortController();
  let stopping = false;
  const nudge = (): void => wake.abort();

  const begin = (task: ClaimedTask<Payload>): void => {
    const work: Promise<unknown> = carryOut(task).then((settled) => {
      if (!settled || inHand.size >= concurrency) nudge();
      inHand.delete(work);
    });
    inHand.add(work);
  };

  // Not less than minWaitMs: what is due and could not be claimed is locked by someone for a moment.
  const untilNextDue = async (): Promise<number> => {
    const next = await nextDueAt(database, name);
    return next === undefined ? pollMs : Math.min(pollMs, Math.max(minWaitMs, next - clock.now()));
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

  const running = loop();
  return {
    nudge,
    stop: async () => {
      stopping = true;
      nudge();
      await running;
    },
  };
}

/** Carries one claimed task out, and puts it back when that fails. */
function taskRunner<Payload>(options: WorkQueueOptions<Payload>): CarryOut<Payload> {
  const { database, name, clock, logger, perform } = options;
  const { leaseMs = defaultLeaseMs, backoffMs = doublingBackoff } = options;
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
  return async (task) => {
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
