import { createEngine, type Engine, type KeyState, type RulePack } from "@holdfast/cep";
import type { Transaction } from "./workload.ts";

/** One row of the report. */
export interface Measurement {
  readonly name: string;
  readonly eventsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly hits: number;
  readonly bytesPerKey: number;
  readonly heapBytesPerKey: number;
}

interface Run {
  readonly seconds: number;
  readonly hits: number;
  readonly states: ReadonlyMap<string, KeyState>;
}

/** Watermark bound of all measurements. */
export const boundMs = 5_000;

/**
 * Processes all transactions as a host would: look up the key's state, process, keep the state,
 * advance it when it is due.
 */
function run(engine: Engine, load: readonly Transaction[], latencies?: Float64Array): Run {
  const states = new Map<string, KeyState>();
  let maxAt = Number.NEGATIVE_INFINITY;
  let hits = 0;
  const started = process.hrtime.bigint();
  for (let i = 0; i < load.length; i++) {
    const transaction = load[i];
    if (transaction === undefined) continue;
    const before = latencies === undefined ? 0 : performance.now();
    let state = states.get(transaction.key);
    if (state === undefined) {
      state = engine.newState();
      states.set(transaction.key, state);
    }
    const step = engine.process(state, transaction.event, maxAt - boundMs - 1);
    if (step.outcome !== "approve") hits++;
    if (transaction.event.at > maxAt) maxAt = transaction.event.at;
    if (latencies !== undefined) latencies[i] = performance.now() - before;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { seconds, hits, states };
}

/** Best of `rounds` for throughput (others use the machine), then one timed round for latencies. */
export function measure(
  name: string,
  pack: RulePack,
  { load, rounds }: { readonly load: readonly Transaction[]; readonly rounds: number },
): Measurement {
  let best: Run | undefined;
  for (let round = 0; round < rounds; round++) {
    best =
      undefined === best
        ? run(createEngine(pack), load)
        : faster(best, run(createEngine(pack), load));
  }
  if (best === undefined) throw new RangeError("At least one round is needed.");
  const latencies = new Float64Array(load.length);
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const engine = createEngine(pack);
  const timed = run(engine, load, latencies);
  collectGarbage();
  const heap = process.memoryUsage().heapUsed - heapBefore;
  latencies.sort();
  const quantile = (q: number): number => (latencies[Math.floor(load.length * q)] ?? 0) * 1_000;
  let bytes = 0;
  for (const state of timed.states.values()) bytes += engine.encode(state).length;
  return {
    name,
    eventsPerSecond: Math.round(load.length / best.seconds),
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
    p999Us: quantile(0.999),
    hits: best.hits,
    bytesPerKey: Math.round(bytes / timed.states.size),
    heapBytesPerKey: Math.round(heap / timed.states.size),
  };
}

function faster(a: Run, b: Run): Run {
  return a.seconds <= b.seconds ? a : b;
}

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}

/**
 * The baseline: keeps the events of a key and filters all of them again at each event, for the
 * velocity rule alone. What one would write in an afternoon.
 */
export function measureNaive(load: readonly Transaction[], amountField: number): number {
  const events = new Map<string, { at: number; amount: number }[]>();
  let hits = 0;
  const started = process.hrtime.bigint();
  for (const { key, event } of load) {
    const amount = Number(event.values[amountField]);
    const known = (events.get(key) ?? []).filter((e) => e.at >= event.at - 600_000);
    known.push({ at: event.at, amount });
    events.set(key, known);
    const recent = known.filter(
      (e) => e.at >= event.at - 60_000 && e.at <= event.at && e.amount > 10_000,
    );
    if (amount > 10_000 && recent.length >= 3) hits++;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return hits < 0 ? 0 : Math.round(load.length / seconds);
}
