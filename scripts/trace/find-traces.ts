import type { StoredSpan, TraceStore } from "@holdfast/telemetry/trace-store";

/** Services whose spans name orders; the first begins an order's trace. */
const SERVICES = ["order", "payment", "inventory", "notification"] as const;

/** One trace that tells of an order. */
export interface FoundTrace {
  readonly traceId: string;
  /** By start; never empty. */
  readonly spans: readonly StoredSpan[];
}

/**
 * The traces that tell of an order, oldest first: the one that began with its placing, then those of
 * what people or timers did to it later, such as a review. Rejects when the store does not answer.
 */
export async function findTraces(
  store: TraceStore,
  orderId: string,
  nowMs: number,
): Promise<FoundTrace[]> {
  const attribute = "holdfast.order_id";
  const found = await Promise.all(
    SERVICES.map((service) => store.search({ service, attribute, value: orderId, nowMs })),
  );
  return readTraces(store, [...new Set(found.flat())]);
}

/** The traces of these ids that the store has, oldest first. */
export async function readTraces(
  store: TraceStore,
  traceIds: readonly string[],
): Promise<FoundTrace[]> {
  const traces = await Promise.all(
    traceIds.map(async (traceId) => ({ traceId, spans: await store.read(traceId) })),
  );
  return traces
    .filter(({ spans }) => spans.length > 0)
    .sort((a, b) => startOf(a.spans) - startOf(b.spans));
}

const startOf = (spans: readonly StoredSpan[]): number => spans[0]?.startMs ?? 0;
