import type { Codec, KafkaClient } from "@holdfast/messaging";
import { tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";

/** When a reader of the topics first saw what became of an order; performance time in ms. */
export interface Sighting {
  decidedMs?: number;
  confirmedMs?: number;
  alertedMs?: number;
}

/** Watches what becomes of orders, from outside. */
export interface Sightings {
  of(orderId: string): Sighting;
  stop(): Promise<void>;
}

const watched = ["orders", "fraud-decisions", "fraud-alerts"] as const;

/** Resolves once nothing new is missed. */
export async function watchOrders(
  kafka: KafkaClient,
  codec: Pick<Codec, "decode">,
): Promise<Sightings> {
  const seen = new Map<string, Sighting>();
  const of = (orderId: string): Sighting => {
    const known = seen.get(orderId) ?? {};
    seen.set(orderId, known);
    return known;
  };
  const ending = new AbortController();
  const { promise: ready, resolve: onReady } = Promise.withResolvers<void>();
  const watch = async (): Promise<void> => {
    for await (const { topic, value } of tail({
      kafka,
      topics: watched,
      from: "now",
      signal: ending.signal,
      onReady,
      logger: silentLogger,
    })) {
      if (value !== null) note(of, codec.decode(topic, value), performance.now());
    }
  };
  const watching = watch();
  await ready;
  return {
    of,
    stop: () => {
      ending.abort();
      return watching;
    },
  };
}

function note(
  of: (orderId: string) => Sighting,
  { type, event }: ReturnType<Codec["decode"]>,
  nowMs: number,
): void {
  if (type === "OrderConfirmed") of(event.orderId).confirmedMs ??= nowMs;
  if (type === "FraudDecided" && event.orderId !== null) of(event.orderId).decidedMs ??= nowMs;
  if (type === "FraudAlertRaised" && event.orderId !== null) of(event.orderId).alertedMs ??= nowMs;
}
