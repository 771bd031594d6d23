import { appendFile } from "node:fs/promises";
import { counter } from "../metrics.ts";
import type { RunEvent } from "./run-event.ts";

/** Where run events go; neither means nowhere. */
export interface LineageDestination {
  /** Base address of an OpenLineage endpoint; events go to `/api/v1/lineage` there. */
  readonly url?: string | undefined;
  /** A file that gets one event a line. */
  readonly file?: string | undefined;
}

/** Takes events and sends them in their order, in the background. */
export interface EventQueue {
  /** Never throws and never waits. */
  add(event: RunEvent): void;
  /** Resolves when what was added has been sent or given up. */
  drained(): Promise<void>;
}

const maxWaiting = 1_000;
const sendTimeoutMs = 2_000;
const eventsTotal = counter("lineage_events_total");

/**
 * A bounded queue before the destination: an endpoint that is away or slow costs events, which are
 * counted in lineage_events_total, and nothing else.
 */
export function createEventQueue(destination: LineageDestination): EventQueue {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    add: (event) => {
      if (waiting >= maxWaiting) {
        eventsTotal.add(1, { result: "dropped" });
        return;
      }
      waiting += 1;
      last = last.then(async () => {
        const result = await send(destination, event).then(
          () => "sent",
          () => "failed",
        );
        waiting -= 1;
        eventsTotal.add(1, { result });
      });
    },
    drained: () => last,
  };
}

async function send({ url, file }: LineageDestination, event: RunEvent): Promise<void> {
  if (file !== undefined) await appendFile(file, `${JSON.stringify(event)}\n`);
  if (url === undefined) return;
  const response = await fetch(new URL("/api/v1/lineage", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(sendTimeoutMs),
  });
  if (!response.ok) throw new Error(`the lineage endpoint answered ${response.status}`);
}
