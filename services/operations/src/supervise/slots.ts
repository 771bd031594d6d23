import { observe } from "@holdfast/telemetry";
import pg from "pg";

/** A logical replication slot and the write-ahead log that it keeps from being recycled. */
export interface SlotStatus {
  readonly slot: string;
  readonly active: boolean;
  readonly retainedBytes: number;
  /** reserved, extended, unreserved, or lost when the server had to drop what the slot needed. */
  readonly walStatus: string;
  /** Where the log that it keeps begins, in bytes. */
  readonly restartPosition: number;
}

/** Reads the slots of the server. */
export interface SlotWatch {
  read(): Promise<SlotStatus[]>;
  /** Drops a slot, ending whoever still reads it. Idempotent. */
  drop(slot: string): Promise<void>;
  close(): Promise<void>;
}

const SLOTS = `
  SELECT slot_name AS slot, active, coalesce(wal_status, 'unknown') AS "walStatus",
         coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 AS "retainedBytes",
         coalesce(pg_wal_lsn_diff(restart_lsn, '0/0'), 0)::float8 AS "restartPosition"
  FROM pg_replication_slots
  WHERE slot_name LIKE 'holdfast\\_%'
  ORDER BY slot_name`;

/** Watches the slots through the server's owner login, and exports them as metrics. */
export function watchSlots(adminUrl: string): SlotWatch {
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 1,
    application_name: "operations",
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
  });
  // Without a listener an idle connection's end would be an uncaught exception.
  pool.on("error", () => undefined);
  const read = async (): Promise<SlotStatus[]> => {
    const { rows } = await pool.query<SlotStatus>(SLOTS);
    return rows;
  };
  observe("replication_slot_retained_bytes", async () =>
    (await read()).map(({ slot, retainedBytes }) => ({ value: retainedBytes, labels: { slot } })),
  );
  observe("replication_slot_active", async () =>
    (await read()).map(({ slot, active }) => ({ value: active ? 1 : 0, labels: { slot } })),
  );
  const drop = async (slot: string): Promise<void> => {
    await pool.query(
      "SELECT pg_terminate_backend(active_pid, 2000) FROM pg_replication_slots WHERE slot_name = $1",
      [slot],
    );
    await pool.query(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1",
      [slot],
    );
  };
  return { read, drop, close: () => pool.end() };
}
