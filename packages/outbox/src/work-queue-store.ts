import { currentTraceHeaders } from "@holdfast/telemetry";
import type { Database } from "./database.ts";
import { TransactionMisuse } from "./errors.ts";
import type { Tx } from "./transaction.ts";

/** A claimed row; times in ms since the epoch. */
export interface ClaimedTask<Payload> {
  readonly key: string;
  readonly payload: Payload;
  readonly attempt: number;
  readonly dueAt: number;
  readonly lease: string;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** The task was cancelled, or its lease ran out and another worker took it over. */
export class LeaseLost extends TransactionMisuse {}

/** Inserts a task; one of the same key that is still owed stays as it is. */
export async function insertTask(
  tx: Tx,
  queue: string,
  task: {
    readonly key: string;
    readonly payload: unknown;
    readonly dueAtMs: number;
    readonly newTrace: boolean;
  },
): Promise<void> {
  const { traceparent = null, tracestate = null } = task.newTrace ? {} : currentTraceHeaders();
  await tx.query(
    {
      name: "task-insert",
      text: `INSERT INTO work_queue (queue, key, payload, due_at, next_attempt_at, traceparent, tracestate)
        VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000), to_timestamp($4::float8 / 1000), $5, $6)
        ON CONFLICT DO NOTHING`,
    },
    [queue, task.key, JSON.stringify(task.payload), task.dueAtMs, traceparent, tracestate],
  );
}

/** Deletes a task whoever holds it; false when there was none. */
export async function deleteTask(tx: Tx, queue: string, key: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    { name: "task-delete", text: "DELETE FROM work_queue WHERE queue = $1 AND key = $2" },
    [queue, key],
  );
  return rowCount === 1;
}

/** Leases up to `limit` tasks that are due at `nowMs` and free; leases run on the database's clock. */
export async function claimTasks<Payload>(
  database: Database,
  queue: string,
  { nowMs, limit, leaseMs }: { nowMs: number; limit: number; leaseMs: number },
): Promise<ClaimedTask<Payload>[]> {
  const { rows } = await database.read<Omit<ClaimedTask<Payload>, "dueAt"> & { dueAt: Date }>(
    {
      name: "task-claim",
      text: `UPDATE work_queue SET attempts = attempts + 1, lease = gen_random_uuid(),
          leased_until = now() + $4 * interval '1 millisecond'
        WHERE (queue, key) IN (
          SELECT queue, key FROM work_queue
          WHERE queue = $1 AND next_attempt_at <= to_timestamp($2::float8 / 1000)
            AND (leased_until IS NULL OR leased_until < now())
          ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING key, payload, attempts AS attempt, due_at AS "dueAt", lease, traceparent, tracestate`,
    },
    [queue, nowMs, limit, leaseMs],
  );
  return rows.map((row) => ({ ...row, dueAt: row.dueAt.getTime() }));
}

/** Removes a task in the transaction of its effects. Throws LeaseLost when it is no longer ours. */
export async function settleTask(
  tx: Tx,
  queue: string,
  task: { readonly key: string; readonly lease: string },
): Promise<void> {
  const { rowCount } = await tx.query(
    {
      name: "task-settle",
      text: "DELETE FROM work_queue WHERE queue = $1 AND key = $2 AND lease = $3",
    },
    [queue, task.key, task.lease],
  );
  if (rowCount !== 1) throw new LeaseLost(`Task ${task.key} of ${queue} is no longer ours`);
}

/** Puts a failed task back until `nextAttemptMs`; does nothing when it is no longer ours. */
export async function putBackTask(
  database: Database,
  queue: string,
  failure: { key: string; lease: string; nextAttemptMs: number; error: string },
): Promise<void> {
  await database.read(
    `UPDATE work_queue SET lease = NULL, leased_until = NULL, last_error = $5,
       next_attempt_at = to_timestamp($4::float8 / 1000)
     WHERE queue = $1 AND key = $2 AND lease = $3`,
    [queue, failure.key, failure.lease, failure.nextAttemptMs, failure.error],
  );
}

/** When the next task that is not leased falls due, ms since the epoch; undefined when none is owed. */
export async function nextDueAt(database: Database, queue: string): Promise<number | undefined> {
  const { rows } = await database.read<{ next: Date | null }>(
    {
      name: "task-next-due",
      text: `SELECT min(next_attempt_at) AS next FROM work_queue
        WHERE queue = $1 AND (leased_until IS NULL OR leased_until < now())`,
    },
    [queue],
  );
  return rows[0]?.next?.getTime();
}

/**
 * Milliseconds for which the oldest task has been due, failed ones that wait for their next try
 * included; 0 when nothing is due. Looks no further ahead than a back-off reaches, for the index's sake.
 */
export async function oldestDueAgeMs(
  database: Database,
  queue: string,
  nowMs: number,
): Promise<number> {
  const { rows } = await database.read<{ oldest: Date | null }>(
    `SELECT min(due_at) AS oldest FROM work_queue
     WHERE queue = $1 AND next_attempt_at <= to_timestamp($2::float8 / 1000) + interval '5 minutes'`,
    [queue, nowMs],
  );
  const oldestMs = rows[0]?.oldest?.getTime() ?? nowMs;
  return Math.max(0, nowMs - oldestMs);
}
