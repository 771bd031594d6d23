import type { Query } from "@holdfast/outbox";
import { badRequest, type Nudge, type ServerEvent } from "@holdfast/service-kit";
import { isFinal } from "../domain/public-status.ts";
import { type StatusEvent, statusEventsAfter } from "../store/status-events.ts";

/** Where a status stream reads, and how it learns that there is something to read. */
export interface StatusStreamOptions {
  readonly query: Query;
  readonly nudge: Pick<Nudge, "wait">;
  /** The longest time without looking; a nudge may get lost. */
  readonly lookMs: number;
}

/** From where a stream of one order's status goes on, until when. */
export interface StatusStreamRequest {
  readonly orderId: string;
  /** Sequence of the last event that the client has. */
  readonly after: number;
  readonly signal: AbortSignal;
}

/** What the order's customer was and will be told after `after`; ends behind the final status. */
export async function* statusStream(
  { query, nudge, lookMs }: StatusStreamOptions,
  { orderId, after, signal }: StatusStreamRequest,
): AsyncGenerator<ServerEvent> {
  let last = after;
  while (!signal.aborted) {
    // Waiting begins before the look, so that no change falls between the two.
    const changed = nudge.wait(orderId, { timeoutMs: lookMs, signal });
    for (const event of await statusEventsAfter(query, orderId, last)) {
      last = event.sequence;
      yield serverEvent(orderId, event);
      if (isFinal(event.status)) return;
    }
    await changed;
  }
}

/** Reads Last-Event-ID: the sequence of the last event that the client has, 0 for none. */
export function sequenceOf(lastEventId: string | undefined): number {
  if (lastEventId === undefined || lastEventId === "") return 0;
  if (/^\d{1,9}$/.test(lastEventId)) return Number(lastEventId);
  throw badRequest("invalid_request", "The request is not valid", {
    errors: [{ pointer: "/header/last-event-id", message: "Not an id that this stream has sent" }],
  });
}

function serverEvent(orderId: string, { sequence, status, occurredAt }: StatusEvent): ServerEvent {
  const data = { orderId, status, occurredAt: occurredAt.toISOString() };
  return { id: String(sequence), event: "status", data };
}
