import pg from "pg";
import type { Query } from "./transaction.ts";

/** The publication that the migrations make: inserts into the outbox, nothing else. */
export const outboxPublication = "holdfast_outbox";

const slotPrefix = "holdfast_outbox_";

/** The replication slot of a database's outbox; slot names are unique per server. */
export function outboxSlot(databaseName: string): string {
  return `${slotPrefix}${databaseName}`;
}

/**
 * Makes a logical replication slot (pgoutput) in the database of `url` unless it is there, and
 * resolves to whether it was made. Must run before the first outbox row that has to be delivered.
 * Needs wal_level=logical and a login with REPLICATION.
 */
export async function ensureReplicationSlot(options: {
  url: string;
  slot: string;
}): Promise<boolean> {
  const client = new pg.Client({ connectionString: options.url });
  await client.connect();
  try {
    await client.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [options.slot]);
    return true;
  } catch (error) {
    const duplicateObject = "42710";
    if (error instanceof pg.DatabaseError && error.code === duplicateObject) return false;
    throw error;
  } finally {
    await client.end();
  }
}

/** What is left in the outbox for the connector, as seen from the slot. */
export interface OutboxLag {
  /** Seconds since the oldest row that the connector has not confirmed; 0 when all are confirmed. */
  readonly oldestUnpublishedAgeSeconds: number;
  readonly unpublishedRows: number;
}

/**
 * Compares the outbox with the confirmed position of its database's slot. Without a slot every retained row counts as
 * unpublished, which is the alarm that a lost slot deserves.
 */
export async function outboxLag({ read }: { read: Query }): Promise<OutboxLag> {
  const { rows } = await read<{ age: number; count: number }>(
    `SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age,
            count(*) AS count
     FROM outbox
     WHERE lsn >= coalesce(
       (SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = $1 || current_database()), '0/0')`,
    [slotPrefix],
  );
  return {
    oldestUnpublishedAgeSeconds: rows[0]?.age ?? 0,
    unpublishedRows: rows[0]?.count ?? 0,
  };
}
