import type { Codec } from "../codec.ts";
import { DecodeError, SchemaUnavailableError } from "../codec-errors.ts";
import type { Middleware } from "../delivery.ts";
import { header, type Message } from "../message.ts";
import type { IncomingRecord } from "../record.ts";
import { countQuality } from "../topic-quality.ts";

/**
 * Puts the decoded message into the context. Throws DecodeError (permanent) on a record without
 * key or value, foreign bytes, an unknown schema or a body that does not fit, and
 * SchemaUnavailableError (transient) when the writer's schema is not known here and the registry
 * does not answer.
 */
export function decode(codec: Codec): Middleware {
  return (next) => async (context) => {
    context.message = await decodeMessage(codec, context.record);
    countQuality(context.group, [context.record]);
    await next(context);
  };
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
