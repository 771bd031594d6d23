import { type Codec, type DeadLetter, decodeMessage, header } from "@holdfast/messaging";
import { redactText } from "@holdfast/telemetry";
import type { DeadLetterActionRow } from "./dead-letter-store.ts";

/** A dead letter as people see it. Bytes that cannot be decoded are measured, never shown. */
export interface DeadLetterView {
  /** `<dead-letter topic>/<partition>/<offset>`. */
  readonly id: string;
  readonly state: "open" | "redriven" | "discarded";
  readonly originalTopic: string;
  readonly originalPartition: number;
  readonly originalOffset: string;
  readonly group: string;
  readonly key: string | null;
  readonly eventId: string | null;
  readonly eventType: string | null;
  readonly entityId: string | null;
  readonly entityVersion: string | null;
  readonly traceId: string | null;
  readonly errorClass: string;
  readonly errorMessage: string;
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly sizeBytes: number;
  /** What was done about it, by whom and why. */
  readonly settled: {
    readonly by: string;
    readonly at: string;
    readonly reason: string | null;
  } | null;
}

/** A dead letter with the event that it carries, or why that cannot be read. */
export interface DecodedDeadLetter extends DeadLetterView {
  readonly event: Readonly<Record<string, unknown>> | null;
  readonly undecodable: string | null;
}

/** The letter's place as one word. */
export function idOf({ topic, partition, offset }: LetterPlace): string {
  return `${topic}/${partition}/${offset}`;
}

/** Where a letter lies on its dead-letter topic. */
export interface LetterPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** The trace that the letter's sender began; null without one. */
export function traceIdOf({ record }: Pick<DeadLetter, "record">): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(record.headers[header.traceparent] ?? "")?.[1] ?? null;
}

/** The letter and what became of it. */
export function viewOf(
  letter: DeadLetter,
  action: DeadLetterActionRow | undefined,
): DeadLetterView {
  const { record, ...failure } = letter;
  const { headers, key, value } = record;
  return {
    id: idOf(record),
    state: action?.action ?? "open",
    ...failure,
    key: key === null ? null : redactText(key.toString("utf8")),
    eventId: headers[header.id] ?? null,
    eventType: headers[header.eventType] ?? null,
    entityId: headers[header.entityId] ?? null,
    entityVersion: headers[header.entityVersion] ?? null,
    traceId: traceIdOf(letter),
    sizeBytes: value?.length ?? 0,
    settled:
      action === undefined
        ? null
        : { by: action.actedBy, at: action.actedAt.toISOString(), reason: action.reason },
  };
}

/** The event inside a letter. Never throws: most letters are here because they cannot be read. */
export async function decodeLetter(
  codec: Pick<Codec, "decode" | "ensureWriter">,
  { record }: DeadLetter,
): Promise<Pick<DecodedDeadLetter, "event" | "undecodable">> {
  try {
    const { event } = await decodeMessage(codec, record);
    return { event: { ...event }, undecodable: null };
  } catch (error) {
    return { event: null, undecodable: redactText(error instanceof Error ? error.message : "") };
  }
}
