import { counter } from "@holdfast/telemetry";
import type { Codec } from "../codec.ts";
import { DecodeError, SchemaUnavailableError } from "../codec-errors.ts";
import type { Middleware } from "../delivery.ts";
import { header, type Message } from "../message.ts";
import type { IncomingRecord } from "../record.ts";

const read = counter("topic_records_read_total");
const incomplete = counter("topic_records_incomplete_total");

/** Confluent's wire format: a zero byte, then the schema's id. */
const SCHEMA_ID_OFFSET = 1;

const expectedHeaders = [
  ["id", header.id],
  ["event_type", header.eventType],
  ["trace", header.traceparent],
] as const;

/**
 * Puts the decoded message into the context. Throws DecodeError (permanent) on a record without
 * key or value, foreign bytes, an unknown schema or a body that does not fit, and
 * SchemaUnavailableError (transient) when the writer's schema is not known here and the registry
 * does not answer.
 */
export function decode(codec: Codec): Middleware {
  return (next) => async (context) => {
    context.message = await decodeMessage(codec, context.record);
    countRead(context.group, context.message);
    await next(context);
  };
}

/** What the quality of a topic is judged by: which schemas are in use, and what records lack. */
function countRead(group: string, { type, record }: Message): void {
  const { topic, headers, value } = record;
  const schema = value?.readUInt32BE(SCHEMA_ID_OFFSET) ?? 0;
  read.add(1, { group, topic, event_type: type, schema_id: String(schema) });
  for (const [missing, name] of expectedHeaders) {
    if (!headers[name]) incomplete.add(1, { group, topic, missing });
  }
}

/** Decodes one record, fetching the writer's schema if it is new. Throws as {@link decode}. */
export async function decodeMessage(
  codec: Pick<Codec, "decode" | "ensureWriter">,
  record: IncomingRecord,
): Promise<Message> {
  try {
    return messageOf(codec, record);
  } catch (error) {
    if (!(error instanceof SchemaUnavailableError)) throw error;
    await codec.ensureWriter(error.schemaId);
    return messageOf(codec, record);
  }
}

function messageOf(codec: Pick<Codec, "decode">, record: IncomingRecord): Message {
  const { key, value, headers } = record;
  if (key === null) throw new DecodeError("The record has no key");
  if (value === null) throw new DecodeError("The record has no value");
  const { type, event } = codec.decode(record.topic, value);
  const claimed = headers[header.eventType];
  if (claimed !== undefined && claimed !== type) {
    throw new DecodeError(`The body is a ${type}, which is not what the header says`);
  }
  const version = headers[header.entityVersion];
  return {
    id: headers[header.id] ?? "",
    type,
    event,
    key: key.toString("utf8"),
    entityId: headers[header.entityId] ?? null,
    entityVersion: version === undefined ? null : Number(version),
    record,
  } as Message;
}
