import { once } from "node:events";
import type { Response } from "express";
import type { ServerEvent } from "./route.ts";

/** Options of one stream. */
export interface EventStreamOptions {
  /** Ends the stream: the client has gone or the server stops. */
  readonly signal: AbortSignal;
  /** Time between heartbeat comments; default 15 s. */
  readonly heartbeatMs?: number;
}

/**
 * Sends events as they come, a heartbeat comment in between so that proxies keep the connection, and
 * ends with the source or the signal. Waits for slow readers, so memory stays bounded.
 */
export async function sendEventStream(
  response: Response,
  events: AsyncIterable<ServerEvent>,
  { signal, heartbeatMs = 15_000 }: EventStreamOptions,
): Promise<void> {
  response.set({
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
  });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(": heartbeat\n\n"), heartbeatMs);
  const end = (): void => {
    clearInterval(heartbeat);
    response.end();
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    for await (const event of events) {
      if (signal.aborted) return;
      if (!response.write(frame(event))) await once(response, "drain", { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

/** One event in the wire format of the HTML standard, §9.2. Ids and names must not hold newlines. */
export function frame({ id, event, data }: ServerEvent): string {
  const lines = [
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    `data: ${JSON.stringify(data)}`,
  ];
  return `${lines.join("\n")}\n\n`;
}

function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError("An event's id and name must be one line");
  return text;
}
