import type { Codec, IncomingRecord } from "@holdfast/messaging";
import { errorClassOf, header, natureOf, SchemaUnavailableError } from "@holdfast/messaging";
import {
  type ActivityEvent,
  type ActivityRecord,
  type JudgedRecord,
  judge,
} from "../domain/activity.ts";

/** A judged record beside the bytes that it was read from. */
export interface ReadRecord extends JudgedRecord {
  readonly source: IncomingRecord;
}

/**
 * Decodes and judges records, in order. Total: bytes that are no event become records to set aside.
 * Waits for the registry when a writer's schema is not known yet; throws SchemaUnavailableError
 * (transient) when it does not answer.
 */
export async function readRecords(
  codec: Pick<Codec, "decode" | "ensureWriter">,
  sources: readonly IncomingRecord[],
): Promise<ReadRecord[]> {
  const read: ReadRecord[] = [];
  for (const source of sources) {
    const content = contentOf(codec, source);
    const known =
      content instanceof SchemaUnavailableError ? await fetched(codec, source, content) : content;
    const record = activityRecord(source, known);
    read.push({ source, record, judgement: judge(record) });
  }
  return read;
}

type Content = ActivityRecord["content"];

function contentOf(
  codec: Pick<Codec, "decode">,
  { topic, value }: IncomingRecord,
): Content | SchemaUnavailableError {
  if (value === null) return { type: "unusable", errorClass: "DecodeError", message: "no value" };
  try {
    const decoded = codec.decode(topic, value);
    return isActivity(decoded) ? decoded : foreign(decoded.type);
  } catch (error) {
    if (error instanceof SchemaUnavailableError) return error;
    return broken(error);
  }
}

async function fetched(
  codec: Pick<Codec, "decode" | "ensureWriter">,
  source: IncomingRecord,
  missing: SchemaUnavailableError,
): Promise<Content> {
  try {
    await codec.ensureWriter(missing.schemaId);
  } catch (error) {
    if (natureOf(error) === "permanent") return broken(error);
    throw error;
  }
  const content = contentOf(codec, source);
  if (content instanceof SchemaUnavailableError) throw content;
  return content;
}

const activityTypes = new Set<string>([
  "PaymentRequested",
  "PaymentSettled",
  "FraudLabelled",
  "TimeAdvanced",
  "RulesetActivated",
] satisfies ActivityEvent["type"][]);

function isActivity(decoded: { type: string }): decoded is ActivityEvent {
  return activityTypes.has(decoded.type);
}

function foreign(type: string): Content {
  return { type: "unusable", errorClass: "UnusableRecord", message: `${type} on this topic` };
}

function broken(error: unknown): Content {
  const message = error instanceof Error ? error.message : String(error);
  return { type: "unusable", errorClass: errorClassOf(error), message };
}

function activityRecord(source: IncomingRecord, content: Content): ActivityRecord {
  return {
    partition: source.partition,
    offset: Number(source.offset),
    appendedAt: source.timestampMs,
    key: source.key === null ? null : source.key.toString("utf8"),
    eventId: source.headers[header.id] ?? "",
    content,
  };
}
