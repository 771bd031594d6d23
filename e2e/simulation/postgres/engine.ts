import type { Scheduler } from "../world/scheduler.ts";

/** One row; its columns as the statement that reads it names them. */
export type Row = Readonly<Record<string, unknown>>;

/** What one statement sees and changes: committed rows and those of its own transaction. */
export interface View {
  get(table: string, key: string): Row | undefined;
  rows(table: string): Row[];
  put(table: string, key: string, row: Row): void;
  delete(table: string, key: string): void;
  /** True when another transaction holds the row. */
  isLocked(table: string, key: string): boolean;
  /** The server's clock. */
  now(): Date;
  uuid(): string;
}

/** What a statement answers: rows, or the number of rows that it changed. */
export type Answer = readonly Row[] | number;

/**
 * One statement of a store, as the memory carries it out. It takes the locks of the rows it writes or
 * reads FOR UPDATE first, in order, waiting for each; then it runs at one stroke, on what is committed
 * by then: READ COMMITTED.
 */
export interface Statement {
  /** Rows to lock, `[table, key]`. */
  locks?(view: View, values: readonly unknown[]): readonly (readonly [string, string])[];
  run(view: View, values: readonly unknown[]): Answer;
}

/** An error as the server reports it. */
export class ServerError extends Error {
  override readonly name = "error";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Lock {
  holder: Transaction;
  readonly waiting: Waiter[];
}

interface Waiter {
  readonly transaction: Transaction;
  readonly resolve: () => void;
}

const lockTimeoutMs = 5_000;
/** How long the server lets a transaction wait for its client. */
const idleInTransactionMs = 10_000;

/** One transaction: open → failed (by an error, until rolled back) → ended. */
export class Transaction {
  readonly writes = new Map<string, Map<string, Row | undefined>>();
  readonly locks = new Set<string>();
  state: "open" | "failed" | "ended" = "open";
  /** The lock that it waits for, and how its wait ends without it. */
  waitsFor: string | undefined;
  giveUp: ((error: Error) => void) | undefined;
  lastUseMs: number;

  constructor(nowMs: number) {
    this.lastUseMs = nowMs;
  }
}

/** Rows in memory with transactions, row locks and deadlocks, as far as the stores rest on them. */
export class Engine {
  readonly #scheduler: Scheduler;
  readonly #tables = new Map<string, Map<string, Row>>();
  readonly #locks = new Map<string, Lock>();
  readonly #commits: ((writes: Transaction["writes"]) => void)[] = [];
  readonly #open = new Set<Transaction>();
  #uuids = 0;
  #lives = 0;
  #backAtMs = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  begin(): Transaction {
    const transaction = new Transaction(this.#scheduler.nowMs);
    this.#open.add(transaction);
    return transaction;
  }

  /** The server dies, and is there again after `awayMs`: whatever was not committed is gone. */
  crash(awayMs: number): void {
    this.#lives += 1;
    this.#backAtMs = this.#scheduler.nowMs + awayMs;
    for (const transaction of this.#open) this.rollBack(transaction);
  }

  get down(): boolean {
    return this.#scheduler.nowMs < this.#backAtMs;
  }

  /** Changes at each crash; a connection of another life is broken. */
  get life(): number {
    return this.#lives;
  }

  /** Committed rows of a table, in the order of their insertion. */
  committed(table: string): Row[] {
    return [...(this.#tables.get(table)?.values() ?? [])];
  }

  /** Puts committed rows there, as a migration or a seed does. */
  seed(table: string, rows: ReadonlyMap<string, Row>): void {
    this.#tables.set(table, new Map(rows));
  }

  /** Calls `tell` with what each transaction wrote, in the order of the commits. */
  onCommit(tell: (writes: Transaction["writes"]) => void): void {
    this.#commits.push(tell);
  }

  /** Runs one statement in a transaction. Rejects with a ServerError, which fails the transaction. */
  async execute(
    transaction: Transaction,
    statement: Statement,
    values: unknown[],
  ): Promise<Answer> {
    ensureOpen(transaction);
    const view = this.#view(transaction);
    try {
      for (const [table, key] of statement.locks?.(view, values) ?? []) {
        const wait = this.#acquire(transaction, `${table}\n${key}`);
        if (wait === undefined) continue;
        await wait;
        // A crash can end it in the moment that gave it the lock; an ended one would keep the next for ever.
        ensureOpen(transaction);
      }
      const answer = statement.run(view, values);
      transaction.lastUseMs = this.#scheduler.nowMs;
      return answer;
    } catch (error) {
      if (transaction.state === "open") transaction.state = "failed";
      throw error;
    }
  }

  /** Commits, or rolls a failed transaction back; true when it was committed. */
  commit(transaction: Transaction): boolean {
    if (transaction.state === "ended") throw terminated();
    if (transaction.state === "failed") {
      this.rollBack(transaction);
      return false;
    }
    for (const [name, rows] of transaction.writes) this.#apply(name, rows);
    this.#end(transaction);
    for (const tell of this.#commits) tell(transaction.writes);
    return true;
  }

  rollBack(transaction: Transaction): void {
    if (transaction.state !== "ended") this.#end(transaction);
  }

  #apply(name: string, rows: ReadonlyMap<string, Row | undefined>): void {
    const table = this.#tables.get(name) ?? new Map<string, Row>();
    this.#tables.set(name, table);
    for (const [key, row] of rows) {
      if (row === undefined) table.delete(key);
      else table.set(key, row);
    }
  }

  #end(transaction: Transaction): void {
    transaction.state = "ended";
    this.#open.delete(transaction);
    transaction.giveUp?.(terminated());
    for (const name of transaction.locks) this.#release(name);
  }

  #release(name: string): void {
    const lock = this.#locks.get(name);
    const next = lock?.waiting.shift();
    if (lock === undefined || next === undefined) {
      this.#locks.delete(name);
      return;
    }
    lock.holder = next.transaction;
    next.transaction.locks.add(name);
    next.transaction.waitsFor = undefined;
    next.transaction.giveUp = undefined;
    next.resolve();
  }

  #acquire(transaction: Transaction, name: string): Promise<void> | undefined {
    if (transaction.locks.has(name)) return undefined;
    const lock = this.#locks.get(name);
    if (lock === undefined) {
      this.#take(transaction, name);
      return undefined;
    }
    this.#endIfIdle(lock.holder);
    transaction.waitsFor = name;
    if (this.#isDeadlock(transaction)) {
      transaction.waitsFor = undefined;
      throw new ServerError("40P01", "deadlock detected");
    }
    return this.#wait(transaction, name);
  }

  #take(transaction: Transaction, name: string): void {
    this.#locks.set(name, { holder: transaction, waiting: [] });
    transaction.locks.add(name);
  }

  #wait(transaction: Transaction, name: string): Promise<void> {
    const lock = this.#locks.get(name);
    if (lock === undefined) {
      // Its holder was idle for too long and is gone.
      transaction.waitsFor = undefined;
      this.#take(transaction, name);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { transaction, resolve };
      lock.waiting.push(waiter);
      transaction.giveUp = (error) => {
        lock.waiting.splice(lock.waiting.indexOf(waiter), 1);
        transaction.waitsFor = undefined;
        transaction.giveUp = undefined;
        reject(error);
      };
      const { giveUp } = transaction;
      this.#scheduler.later(lockTimeoutMs, () => {
        if (transaction.giveUp === giveUp) this.#endIfIdle(lock.holder);
        if (transaction.giveUp !== giveUp) return;
        giveUp(new ServerError("55P03", "canceling statement due to lock timeout"));
      });
    });
  }

  /** A client that stands still must not hold its locks for ever. */
  #endIfIdle(holder: Transaction): void {
    const idleMs = this.#scheduler.nowMs - holder.lastUseMs;
    if (holder.waitsFor === undefined && idleMs > idleInTransactionMs) this.rollBack(holder);
  }

  #isDeadlock(transaction: Transaction): boolean {
    let holder = this.#holderOf(transaction.waitsFor);
    while (holder !== undefined && holder !== transaction) {
      holder = this.#holderOf(holder.waitsFor);
    }
    return holder === transaction;
  }

  #holderOf(name: string | undefined): Transaction | undefined {
    return name === undefined ? undefined : this.#locks.get(name)?.holder;
  }

  #view(transaction: Transaction): View {
    const written = (table: string) => transaction.writes.get(table);
    const write = (table: string, key: string, row: Row | undefined): void => {
      const rows = written(table) ?? new Map<string, Row | undefined>();
      transaction.writes.set(table, rows.set(key, row));
    };
    return {
      get: (table, key) => {
        const own = written(table);
        return own?.has(key) ? own.get(key) : this.#tables.get(table)?.get(key);
      },
      rows: (table) => {
        const own = written(table);
        const all = this.#tables.get(table);
        if (own === undefined) return [...(all?.values() ?? [])];
        return [...new Map<string, Row | undefined>([...(all ?? []), ...own]).values()].filter(
          (row) => row !== undefined,
        );
      },
      put: (table, key, row) => write(table, key, row),
      delete: (table, key) => write(table, key, undefined),
      isLocked: (table, key) => {
        const holder = this.#locks.get(`${table}\n${key}`)?.holder;
        return holder !== undefined && holder !== transaction;
      },
      now: () => new Date(Math.floor(this.#scheduler.nowMs)),
      uuid: () => {
        this.#uuids += 1;
        return `00000000-0000-4000-8000-${this.#uuids.toString(16).padStart(12, "0")}`;
      },
    };
  }
}

function ensureOpen({ state }: Transaction): void {
  if (state === "failed") throw aborted();
  if (state === "ended") throw terminated();
}

function terminated(): ServerError {
  return new ServerError("57P01", "terminating connection");
}

function aborted(): ServerError {
  return new ServerError("25P02", "current transaction is aborted");
}
