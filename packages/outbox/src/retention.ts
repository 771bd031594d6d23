import { type Logger, withSpan } from "@holdfast/telemetry";
import type { Database } from "./database.ts";
import { idempotencyRetentionMs } from "./idempotency.ts";
import type { Component } from "./ports.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** How long rows stay, in milliseconds of the database's clock. */
export interface Retention {
  /** Default 7 days: long enough to heal a lost replication slot by a snapshot. */
  readonly outboxMs?: number;
  /** Default 100 days: longer than the longest topic retention (90 days), hence than any replay. */
  readonly inboxMs?: number;
}

/** Rows deleted by one sweep, by table. */
export type SweepResult = Readonly<
  Record<"outbox" | "inbox" | "inbox_attempts" | "idempotency_keys", number>
>;

const batch = 5_000;

/** Deletes what has outlived its retention, in short transactions of bounded size. Idempotent. */
export async function sweep(database: Database, retention: Retention = {}): Promise<SweepResult> {
  const inboxMs = retention.inboxMs ?? 100 * dayMs;
  return {
    outbox: await prune(database, "outbox", ["created_at", retention.outboxMs ?? 7 * dayMs]),
    inbox: await prune(database, "inbox", ["received_at", inboxMs]),
    inbox_attempts: await prune(database, "inbox_attempts", ["first_failed_at", inboxMs]),
    idempotency_keys: await prune(database, "idempotency_keys", [
      "created_at",
      idempotencyRetentionMs,
    ]),
  };
}

async function prune(
  database: Database,
  table: keyof SweepResult,
  [column, olderThanMs]: readonly [string, number],
): Promise<number> {
  for (let deleted = 0; ; ) {
    const { rowCount } = await database.read(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table} WHERE ${column} <= now() - $1 * interval '1 millisecond'
         LIMIT ${batch}))`,
      [olderThanMs],
    );
    deleted += rowCount ?? 0;
    if ((rowCount ?? 0) < batch) return deleted;
  }
}

/** A component that sweeps at start and then every `everyMs` (default one hour). */
export function createRetentionSweeper(options: {
  readonly database: Database;
  readonly logger: Logger;
  readonly retention?: Retention;
  readonly everyMs?: number;
}): Component {
  const { database, logger, retention } = options;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      const rows = await withSpan("sweep retention", {}, () => sweep(database, retention));
      logger.info({ rows }, "Retention sweep done");
    } catch (error) {
      logger.warn({ err: error }, "Retention sweep failed; the next one will do its work");
    }
  };
  return {
    name: "retention",
    start: async () => {
      current = run();
      timer = setInterval(
        () => {
          current = current.then(run);
        },
        options.everyMs ?? 60 * 60 * 1000,
      );
    },
    stop: async () => {
      clearInterval(timer);
      await current;
    },
  };
}
