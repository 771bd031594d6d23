import type { Logger } from "@holdfast/telemetry";
import type { Database } from "./database.ts";
import type { Clock, Component } from "./ports.ts";
import type { Tx } from "./transaction.ts";

/** One claimed piece of work. */
export interface Task<Payload> {
  /** Unique within the queue; the natural root of a provider's idempotency key. */
  readonly key: string;
  readonly payload: Payload;
  /** 1 at the first try. */
  readonly attempt: number;
  /** When the work fell due, ms since the epoch. */
  readonly dueAt: number;
  /** Aborts when the lease has run out: another worker may have the task by now. */
  readonly signal: AbortSignal;
}

/** The effects of a finished task; runs in the transaction that removes the task. */
export type Settle = (tx: Tx) => Promise<void>;

/**
 * Carries a task out in two halves: outside any transaction (call a provider, or nothing at all for a
 * timer), then the returned Settle inside one. Throwing puts the task back with back-off. The outer half
 * runs at least once, so what it calls must be idempotent; the Settle commits exactly once.
 */
export type PerformTask<Payload> = (task: Task<Payload>) => Promise<Settle>;

/** What a queue does and how hard it tries. */
export interface WorkQueueOptions<Payload> {
  readonly database: Database;
  /** The queue's name, e.g. `payment-steps`. One process may hold several queues. */
  readonly name: string;
  readonly perform: PerformTask<Payload>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tasks at once; default 4. Each uses a database connection only while it settles. */
  readonly concurrency?: number;
  /** How long a worker may hold a task before another takes it over; default 30 s. */
  readonly leaseMs?: number;
  /** The longest wait between looks for due tasks; default 1 s. */
  readonly pollMs?: number;
  /** Milliseconds until the next try after `attempt` failed ones; default doubles 200 ms up to 30 s. */
  readonly backoffMs?: (attempt: number) => number;
}

/** A durable queue of steps and timers in Postgres. Tasks are tried until they settle. */
export interface WorkQueue<Payload> extends Component {
  /**
   * Owes one task, due at `dueAt` (default: now). A task of the same key that is still owed stays as it
   * is, so scheduling twice is harmless. Workers of this process are nudged after the commit.
   * The work continues the active trace, unless `newTrace` makes it begin one of its own: a task that
   * schedules its own successor would never end its trace.
   */
  schedule(
    tx: Tx,
    task: {
      readonly key: string;
      readonly payload: Payload;
      readonly dueAt?: number;
      readonly newTrace?: boolean;
    },
  ): Promise<void>;
  /** Forgets a task; false when there was none. One being carried out can then no longer settle. */
  cancel(tx: Tx, key: string): Promise<boolean>;
  /** Carries out every task due now, one after another, and resolves to how many settled; for tests. */
  runDue(): Promise<number>;
}
