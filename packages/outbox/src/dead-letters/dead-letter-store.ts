import type { DeadLetter } from "@holdfast/messaging";
import type { Query } from "../transaction.ts";

/** What a person did about a dead letter. */
export type DeadLetterAction = "redriven" | "discarded";

/** One row of the audit log of dead letters. */
export interface DeadLetterActionRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly action: DeadLetterAction;
  readonly eventId: string | null;
  readonly traceId: string | null;
  readonly reason: string | null;
  readonly actedBy: string;
  readonly actedAt: Date;
}

const columns = `topic, partition, record_offset::text AS "offset", action, event_id AS "eventId",
  trace_id AS "traceId", reason, acted_by AS "actedBy", acted_at AS "actedAt"`;

/** Everything that was done about the letters of some dead-letter topics, newest first. */
export async function findActions(
  query: Query,
  topics: readonly string[],
  limit: number | null = null,
): Promise<DeadLetterActionRow[]> {
  const { rows } = await query<DeadLetterActionRow>(
    `SELECT ${columns} FROM dead_letter_actions WHERE topic = ANY ($1)
     ORDER BY acted_at DESC, topic, partition, record_offset DESC LIMIT $2`,
    [topics, limit],
  );
  return rows;
}

/** Writes one action down. Throws pg's unique violation when the letter was settled before. */
export async function insertAction(
  query: Query,
  { record }: Pick<DeadLetter, "record">,
  done: Pick<DeadLetterActionRow, "action" | "eventId" | "traceId" | "reason" | "actedBy">,
): Promise<void> {
  await query(
    `INSERT INTO dead_letter_actions
       (topic, partition, record_offset, action, event_id, trace_id, reason, acted_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      record.topic,
      record.partition,
      record.offset,
      done.action,
      done.eventId,
      done.traceId,
      done.reason,
      done.actedBy,
    ],
  );
}

/** Lets one person at a time settle dead letters; the others wait. Held until the transaction ends. */
export async function takeTurn(query: Query): Promise<void> {
  await query("SELECT pg_advisory_xact_lock(hashtext('dead letters'))");
}
