import type { IncomingRecord, Message } from "@holdfast/messaging";
import type { Logger } from "@holdfast/telemetry";
import { gauge } from "@holdfast/telemetry";
import type { Database } from "./database.ts";
import { advanceEntity, type Versioned } from "./entity-order.ts";
import type { Component } from "./ports.ts";
import type { Tx } from "./transaction.ts";

/** An event's predecessor did not come in time, or too many wait already: permanent. */
export class EntityGap extends Error {
  override readonly name = "EntityGap";
  readonly permanent = true;
}

const parkedRecords = gauge("inbox_parked_records");

/** Keeps a message whose turn has not come; harmless when it is parked already. Throws EntityGap. */
export async function park(
  tx: Tx,
  parked: { group: string; message: Message; version: Versioned; maxParked: number },
): Promise<void> {
  const { group, message, version, maxParked } = parked;
  const { record } = message;
  const { rows } = await tx.query<{ n: number }>(
    "SELECT count(*) AS n FROM inbox_parked WHERE consumer_group = $1",
    [group],
  );
  if ((rows[0]?.n ?? 0) >= maxParked) throw new EntityGap("Too many records wait already");
  await tx.query(
    `INSERT INTO inbox_parked (consumer_group, topic, entity_id, entity_version, event_id, event_type,
       event, message_key, partition, record_offset, timestamp_ms, record_key, record_value,
       record_headers)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
    [
      group,
      version.topic,
      version.entityId,
      version.version,
      message.id,
      message.type,
      JSON.stringify(message.event),
      message.key,
      record.partition,
      record.offset,
      record.timestampMs,
      record.key,
      record.value,
      JSON.stringify(encodeHeaders(record.rawHeaders)),
    ],
  );
  await tx.query(
    `INSERT INTO inbox_entity_positions (consumer_group, topic, entity_id, version, parked)
     VALUES ($1, $2, $3, 0, true) ON CONFLICT (consumer_group, topic, entity_id)
     DO UPDATE SET parked = true`,
    [group, version.topic, version.entityId],
  );
}

/** Takes out the parked message that is due behind `version`'s entity and advances to it, if any is. */
export async function takeParked(
  tx: Tx,
  group: string,
  { topic, entityId }: Versioned,
): Promise<Message | undefined> {
  const { rows } = await tx.query<ParkedRow>(
    `DELETE FROM inbox_parked k USING inbox_entity_positions p
     WHERE k.consumer_group = $1 AND k.topic = $2 AND k.entity_id = $3
       AND (p.consumer_group, p.topic, p.entity_id) = (k.consumer_group, k.topic, k.entity_id)
       AND k.entity_version = p.version + 1
     RETURNING k.*`,
    [group, topic, entityId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const turn = await advanceEntity(tx, group, { topic, entityId, version: row.entity_version });
  if (turn !== "next") throw new Error("A parked record's turn passed while it was taken out");
  return messageFrom(row);
}

/** Gives an overdue record to the dead-letter topic; resolves when it is there. */
export type DeadLetterRecord = (record: IncomingRecord, error: EntityGap) => Promise<void>;

/** What a sweeper of parked records needs. */
export interface ParkedSweeperOptions {
  readonly database: Database;
  readonly group: string;
  readonly deadLetter: DeadLetterRecord;
  readonly logger: Logger;
  /** How long a record may wait for its predecessor; default 60 s. */
  readonly limitMs?: number;
  /** Default 5 s. */
  readonly everyMs?: number;
}

/**
 * A component that hands records which have waited too long to the dead-letter topic, in the order of
 * their versions. At least once: a crash in between repeats the hand-over, with the same event id.
 */
export function createParkedSweeper(options: ParkedSweeperOptions): Component {
  const { group, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<unknown> = Promise.resolve();
  const run = (): Promise<unknown> =>
    sweepParked(options).catch((error: unknown) => {
      logger.warn({ err: error, group }, "Parked records could not be looked through");
    });
  return {
    name: `parked records of ${group}`,
    start: async () => {
      timer = setInterval(() => {
        current = current.then(run);
      }, options.everyMs ?? 5_000);
    },
    stop: async () => {
      clearInterval(timer);
      await current;
    },
  };
}

/** One look of the sweeper; resolves to how many records it handed over. */
export async function sweepParked(options: ParkedSweeperOptions): Promise<number> {
  const { database, group, deadLetter, limitMs = 60_000 } = options;
  const { rows } = await database.read<ParkedRow>(
    `SELECT * FROM inbox_parked
     WHERE consumer_group = $1 AND parked_at <= now() - $2 * interval '1 millisecond'
     ORDER BY topic, entity_id, entity_version LIMIT 100`,
    [group, limitMs],
  );
  for (const row of rows) {
    const error = new EntityGap(`Version ${row.entity_version} waited for its predecessor`);
    await deadLetter(messageFrom(row).record, error);
    await database.read(
      `DELETE FROM inbox_parked
       WHERE consumer_group = $1 AND topic = $2 AND entity_id = $3 AND entity_version = $4`,
      [group, row.topic, row.entity_id, row.entity_version],
    );
  }
  const left = await database.read<{ n: number }>(
    "SELECT count(*) AS n FROM inbox_parked WHERE consumer_group = $1",
    [group],
  );
  parkedRecords.set(left.rows[0]?.n ?? 0, { group });
  return rows.length;
}

interface ParkedRow {
  readonly topic: string;
  readonly entity_id: string;
  readonly entity_version: number;
  readonly event_id: string;
  readonly event_type: string;
  readonly event: unknown;
  readonly message_key: string;
  readonly partition: number;
  readonly record_offset: number;
  readonly timestamp_ms: number;
  readonly record_key: Buffer | null;
  readonly record_value: Buffer | null;
  readonly record_headers: Readonly<Record<string, string>>;
}

function messageFrom(row: ParkedRow): Message {
  const rawHeaders = decodeHeaders(row.record_headers);
  const record: IncomingRecord = {
    topic: row.topic,
    partition: row.partition,
    offset: String(row.record_offset),
    key: row.record_key,
    value: row.record_value,
    rawHeaders,
    headers: Object.fromEntries(
      Object.entries(rawHeaders).map(([name, bytes]) => [name, bytes.toString("utf8")]),
    ),
    timestampMs: row.timestamp_ms,
  };
  return {
    id: row.event_id,
    type: row.event_type,
    event: row.event,
    key: row.message_key,
    entityId: row.entity_id,
    entityVersion: row.entity_version,
    record,
  } as Message;
}

function encodeHeaders(headers: Readonly<Record<string, Buffer>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, bytes]) => [name, bytes.toString("base64")]),
  );
}

function decodeHeaders(headers: Readonly<Record<string, string>>): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name, Buffer.from(text, "base64")]),
  );
}
