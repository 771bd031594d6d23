import type { DeliveryContext, IncomingRecord, Middleware } from "@holdfast/messaging";
import type { Database } from "./database.ts";

/** A record was in hand too often when its process died: permanent, so it goes to the DLQ. */
export class CrashLoop extends Error {
  override readonly name = "CrashLoop";
  readonly permanent = true;
}

/** Options of the crash guard. */
export interface CrashGuardOptions {
  readonly database: Database;
  /** Deaths of a record's later owners before it is given up; default 5. Its first owner's is not seen. */
  readonly maxDeaths?: number;
  /**
   * Records per partition that are watched after a start; default 200. What killed a process lies
   * within the few records between its last committed offset and its death.
   */
  readonly watchedRecords?: number;
}

/**
 * Gives up a record that kills its process again and again (no memory left, an endless loop, a native
 * crash), which no catch can see. While one of the first records is in hand that an earlier owner of
 * the partition may have died of, a row in Postgres says so; however its delivery ends, the row goes,
 * and only a death leaves it. Put it between deadLetter and retry. Throws CrashLoop in place of one
 * delivery too many.
 */
export function crashGuard(options: CrashGuardOptions): Middleware {
  const { database, maxDeaths = 5, watchedRecords = 200 } = options;
  const watched = new Map<string, number>();
  return (next) => async (context) => {
    if (!context.fromBacklog) return next(context);
    const { topic, partition } = context.record;
    const place = `${topic}/${partition}`;
    const seen = (watched.get(place) ?? 0) + 1;
    if (seen > watchedRecords) return next(context);
    watched.set(place, seen);
    const deaths = await takeInHand(database, context);
    try {
      if (deaths >= maxDeaths)
        throw new CrashLoop(`The process died of this record ${deaths} times`);
      await next(context);
    } finally {
      await putDown(database, context.group, context.record);
    }
  };
}

/** Writes down that the record is in hand; resolves to how often it was when the process died. */
async function takeInHand(database: Database, { group, record }: DeliveryContext): Promise<number> {
  const { rows } = await database.read<{ attempts: number }>(
    `INSERT INTO inbox_attempts AS a (consumer_group, topic, partition, record_offset, attempts)
     VALUES ($1, $2, $3, $4, 1)
     ON CONFLICT (consumer_group, topic, partition, record_offset)
     DO UPDATE SET attempts = a.attempts + 1 RETURNING attempts`,
    placeOf(group, record),
  );
  return (rows[0]?.attempts ?? 1) - 1;
}

async function putDown(database: Database, group: string, record: IncomingRecord): Promise<void> {
  await database.read(
    `DELETE FROM inbox_attempts
     WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND record_offset = $4`,
    placeOf(group, record),
  );
}

function placeOf(group: string, { topic, partition, offset }: IncomingRecord): unknown[] {
  return [group, topic, partition, offset];
}
