import type { Producer } from "@holdfast/messaging";
import type { EventClient } from "../command/event-client.ts";
import type { Workspace } from "../replay/workspace.ts";
import { createPayments } from "./payments.ts";

/** How many payments of how many cards. */
export interface Preload {
  readonly records: number;
  readonly cards: number;
  /** Whether each comes with a trace of its own, as those that payment publishes do. */
  readonly trace?: "sampled" | "unsampled";
}

const sendSize = 2_000;
const spanMs = 3_600_000;

/** Fills the workspace's topic with payments of the last hour. */
export async function preload(
  {
    events,
    producer,
    workspace,
  }: { events: EventClient; producer: Producer; workspace: Workspace },
  { records, cards, trace }: Preload,
): Promise<void> {
  const { codec } = events;
  const topic = workspace.activity;
  const payments = createPayments({ codec, topic, cards, name: "preloaded", trace });
  const firstAt = Date.now() - spanMs;
  for (let sent = 0; sent < records; sent += sendSize) {
    const count = Math.min(sendSize, records - sent);
    const batch = Array.from({ length: count }, (_, step) => {
      const index = sent + step;
      return payments.record(index, firstAt + Math.floor((index / records) * spanMs));
    });
    await producer.send(batch);
  }
}
