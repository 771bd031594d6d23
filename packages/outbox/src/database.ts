import type { Codec } from "@holdfast/messaging";
import { type Logger, observe } from "@holdfast/telemetry";
import pg from "pg";
import { isRetryableRollback, TransactionMisuse, translatePostgresError } from "./errors.ts";
import type { Ids } from "./ports.ts";
import { outboxPublisher } from "./publish.ts";
import { outboxLag } from "./replication.ts";
import { watchStatement } from "./slow-statements.ts";
import { openTransaction, type PublishVia, type Query, type Tx } from "./transaction.ts";

/**
 * How to reach Postgres and what the outbox needs. `codec` may be left out where nothing is published;
 * with it the age of the oldest unpublished row is measured at each scrape.
 */
export interface DatabaseOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly ids: Ids;
  readonly codec?: Pick<Codec, "encode">;
  readonly logger?: Logger;
  /** Connections in the pool; default 10. */
  readonly maxConnections?: number;
}

/** Options of one transaction. */
export interface TransactOptions {
  /** An abort before COMMIT rolls back: work that was given up on must not commit behind one's back. */
  readonly signal?: AbortSignal;
}

/** One service's Postgres. */
export interface Database {
  readonly pool: pg.Pool;
  /** One statement on its own, committed at once. Services read with it and write with transact. */
  readonly read: Query;
  /**
   * Runs `work` in one READ COMMITTED transaction and commits what it did: inbox row, effects and
   * outbox rows together or not at all. Whatever `work` throws rolls back and is thrown on. After a
   * deadlock or serialization failure `work` runs again, up to three times in all, so it must have no
   * effects but those made through its Tx. Throws PostgresUnavailable when the database cannot answer.
   */
  transact<T>(work: (tx: Tx) => Promise<T>, options?: TransactOptions): Promise<T>;
  /** Resolves when the database answers within a second; for readiness. */
  check(): Promise<void>;
  /** Waits for running transactions and closes the pool; idempotent. */
  close(): Promise<void>;
}

const maxRuns = 3;

/** Opens a pool; connects lazily, so it succeeds while Postgres is down. */
export function createDatabase(options: DatabaseOptions): Database {
  return createDatabaseOn(createPool(options), options);
}

/** A database on a pool that is there already: simulations bring one that needs no server. */
export function createDatabaseOn(
  pool: pg.Pool,
  options: Pick<DatabaseOptions, "ids" | "codec" | "logger">,
): Database {
  const publishVia = outboxPublisher(options.codec, options.ids);
  const { logger } = options;
  // A connection's end is an event, in the pool as in use; without listeners it would be an uncaught
  // exception. Whoever uses the connection learns of it from the statement that fails.
  const onEnd = (error: Error) => logger?.warn({ err: error }, "A Postgres connection ended");
  pool.on("error", onEnd);
  pool.on("connect", (client) => client.on("error", onEnd));
  const read: Query = async (statement, values) => {
    try {
      return await watchStatement(statement, () =>
        pool.query(statement as string, values as unknown[]),
      );
    } catch (error) {
      throw translatePostgresError(error);
    }
  };
  const runOnce = transactionRunner(pool, publishVia, logger);
  const stopObserving = options.codec === undefined ? undefined : observeLag(read);
  let closing: Promise<void> | undefined;
  return {
    pool,
    read,
    transact: async (work, { signal } = {}) => {
      for (let run = 1; ; run += 1) {
        try {
          return await runOnce(work, signal);
        } catch (error) {
          if (run >= maxRuns || !isRetryableRollback(error)) throw error;
        }
      }
    },
    check: async () => {
      await read({ text: "SELECT 1", query_timeout: 1000 } as pg.QueryConfig);
    },
    close: () => {
      stopObserving?.();
      closing ??= pool.end();
      return closing;
    },
  };
}

function observeLag(read: Query): () => void {
  return observe("outbox_oldest_unpublished_age_seconds", async () => {
    const { oldestUnpublishedAgeSeconds } = await outboxLag({ read });
    return [{ value: oldestUnpublishedAgeSeconds, labels: {} }];
  });
}

function transactionRunner(pool: pg.Pool, publishVia: PublishVia, logger: Logger | undefined) {
  return async <T>(work: (tx: Tx) => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const client = await connect(pool);
    const transaction = openTransaction(client, publishVia);
    let broken: Error | undefined;
    try {
      await client.query("BEGIN");
      const result = await work(transaction.tx);
      signal?.throwIfAborted();
      transaction.close();
      await commit(client);
      runAfterCommit(transaction.afterCommit, logger);
      return result;
    } catch (error) {
      broken = await rollBack(client, transaction);
      throw translatePostgresError(error);
    } finally {
      // A connection that could not roll back is destroyed, never handed to the next caller.
      client.release(broken);
    }
  };
}

// After a statement has failed Postgres answers COMMIT by rolling back, without an error: a handler that
// swallowed the failure would lose its effects and pass for done.
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await watchStatement("COMMIT", () => client.query("COMMIT"));
  if (command === "COMMIT") return;
  throw new TransactionMisuse(
    "A statement failed and its error was swallowed; nothing was written",
  );
}

async function rollBack(
  client: pg.PoolClient,
  transaction: { close(): void },
): Promise<Error | undefined> {
  try {
    transaction.close();
  } catch {
    // A statement still runs: its connection cannot be reused.
    return new Error("A statement was still running when its transaction rolled back");
  }
  try {
    await client.query("ROLLBACK");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function runAfterCommit(actions: readonly (() => void)[], logger: Logger | undefined): void {
  for (const action of actions) {
    try {
      action();
    } catch (error) {
      logger?.error({ err: error }, "An after-commit action failed");
    }
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw translatePostgresError(error);
  }
}

function createPool(options: DatabaseOptions): pg.Pool {
  return new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 3_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: 10_000,
    lock_timeout: 5_000,
    // The client's own limit, for a server that has stopped answering altogether.
    query_timeout: 15_000,
    // A paused process must not hold its locks: the server ends the transaction, and a commit that
    // comes later fails instead of writing.
    idle_in_transaction_session_timeout: 10_000,
    types: { getTypeParser: parserFor as typeof pg.types.getTypeParser },
  });
}

const int8Oid = 20;

function parserFor(oid: number, format?: "text" | "binary"): unknown {
  if (oid === int8Oid && format !== "binary") return parseSafeInteger;
  return pg.types.getTypeParser(oid, format as "text");
}

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("A bigint column exceeds 2^53");
  return value;
}
