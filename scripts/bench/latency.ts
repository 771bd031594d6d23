import { setTimeout as pause } from "node:timers/promises";
import { type Producer, tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import type { EventClient } from "../command/event-client.ts";
import type { Workspace } from "../replay/workspace.ts";
import { createPayments } from "./payments.ts";

/** Milliseconds from the moment a payment was meant to be sent to its decision being read. */
export interface Latency {
  readonly perSecond: number;
  readonly decisions: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** With how late the bench itself was at the 99th percentile: its own stalls count in all the rest. */
export interface OpenLoop extends Latency {
  readonly sentLateP99: number;
}

/**
 * Sends at a fixed rate, whatever the answers take, and measures from the intended time: a scorer
 * that stalls is charged for all that waited meanwhile.
 */
export async function measureLatency(
  {
    events,
    producer,
    workspace,
  }: { events: EventClient; producer: Producer; workspace: Workspace },
  { perSecond, seconds, cards }: { perSecond: number; seconds: number; cards: number },
): Promise<OpenLoop> {
  const total = Math.floor(perSecond * seconds);
  const name = `latency-${perSecond}-${Math.floor(performance.now())}`;
  const payments = createPayments({
    codec: events.codec,
    topic: workspace.activity,
    cards,
    name,
  });
  const { promise: ready, resolve: onReady } = Promise.withResolvers<void>();
  const latencies: number[] = [];
  let startedAt = 0;
  const reading = (async () => {
    const ending = AbortSignal.timeout(seconds * 1000 + 60_000);
    for await (const { value } of tail({
      kafka: events.kafka,
      topics: [workspace.decisions],
      from: "now",
      onReady,
      signal: ending,
      logger: silentLogger,
    })) {
      const decoded = events.codec.decode(workspace.decisions, value as Buffer);
      if (decoded.type !== "FraudDecided" || !decoded.event.eventId.startsWith(name)) continue;
      const index = Number(decoded.event.eventId.slice(name.length + 1));
      latencies.push(performance.now() - (startedAt + (index / perSecond) * 1000));
      if (latencies.length === total) return;
    }
  })();
  await ready;
  startedAt = performance.now() + 100;
  const lateness = await send(producer, { total, perSecond, startedAt, record: payments.record });
  await reading;
  return {
    ...summary(perSecond, latencies),
    sentLateP99: summary(perSecond, lateness).p99,
  };
}

async function send(
  producer: Producer,
  plan: {
    total: number;
    perSecond: number;
    startedAt: number;
    record: ReturnType<typeof createPayments>["record"];
  },
): Promise<number[]> {
  const lateness: number[] = [];
  let sent = 0;
  const sending: Promise<unknown>[] = [];
  while (sent < plan.total) {
    const due = Math.floor(((performance.now() - plan.startedAt) * plan.perSecond) / 1000) + 1;
    const upTo = Math.min(Math.max(due, sent), plan.total);
    const now = Date.now();
    const records = Array.from({ length: upTo - sent }, (_, step) => plan.record(sent + step, now));
    if (records.length > 0) sending.push(producer.send(records));
    const elapsedMs = performance.now() - plan.startedAt;
    for (; sent < upTo; sent += 1) lateness.push(elapsedMs - (sent / plan.perSecond) * 1000);
    await pause(1);
  }
  await Promise.all(sending);
  return lateness;
}

/** The distribution of latencies at a rate. */
export function summary(perSecond: number, latencies: readonly number[]): Latency {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(10 * (sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 0)) /
    10;
  return {
    perSecond,
    decisions: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
  };
}
