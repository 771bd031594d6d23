import type { Database } from "@holdfast/outbox";

/** Rows per statement: small, so that no lock is held long. */
const batchRows = 500;

// The rows are locked in their newest version before they go: a card that was seen again meanwhile
// has a later time and stays.
const forgetSql = `
  DELETE FROM card_state WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM card_state
    WHERE partition = $1 AND next_timer_at IS NULL
      AND forget_after < (SELECT watermark FROM partition_position WHERE partition = $1)
    ORDER BY forget_after LIMIT ${batchRows} FOR UPDATE SKIP LOCKED))`;

const pruneSql = `
  DELETE FROM decision WHERE decision_id = ANY(ARRAY(
    SELECT decision_id FROM decision
    WHERE partition = $1
      AND input_offset < (SELECT next_offset FROM partition_position WHERE partition = $1) - $2
    ORDER BY input_offset LIMIT ${batchRows}))`;

/** Deletes some cards of a partition that event time has left behind; whether there may be more. */
export async function forgetCards(database: Database, partition: number): Promise<boolean> {
  const { rowCount } = await database.read(forgetSql, [partition]);
  return (rowCount ?? 0) >= batchRows;
}

/** Deletes some decisions beyond the newest `kept` offsets; whether there may be more. */
export async function pruneDecisions(
  database: Database,
  partition: number,
  kept: number,
): Promise<boolean> {
  const { rowCount } = await database.read(pruneSql, [partition, kept]);
  return (rowCount ?? 0) >= batchRows;
}

/** Cards in the database, as the planner's statistics say: a count would read them all. */
export async function estimateCards(database: Database): Promise<number> {
  const { rows } = await database.read(
    "SELECT greatest(reltuples, 0)::int AS cards FROM pg_class WHERE oid = 'card_state'::regclass",
  );
  return Number(rows[0]?.["cards"] ?? 0);
}
