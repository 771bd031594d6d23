import { createEngine, type Engine, type KeyState, type RulePack, type Step } from "@holdfast/cep";
import type { Transaction } from "./workload.ts";

/** One row of the report. */
export interface Measurement {
  readonly name: string;
  readonly eventsPerSecond: number;
  /** Per second of this thread's processor time: what a core to itself would do. */
  readonly eventsPerCpuSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly hits: number;
  readonly bytesPerKey: number;
  readonly heapBytesPerKey: number;
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly hits: number;
  /**
   * Kept, as a host keeps what it has not published yet. When none is left as garbage is collected
   * by force, V8 throws away the code that it compiled for steps.
   */
  readonly last: Step | undefined;
}

/** Watermark bound of all measurements. */
export const boundMs = 5_000;

type States = Map<string, KeyState>;

/** Processes all transactions as a host would: look up the key's state, process, keep it. */
function run(
  engine: Engine,
  load: readonly Transaction[],
  { states, latencies }: { readonly states: States; readonly latencies?: Float64Array },
): Run {
  let maxAt = Number.NEGATIVE_INFINITY;
  let hits = 0;
  let last: Step | undefined;
  const started = process.hrtime.bigint();
  const cpuStarted = process.threadCpuUsage();
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
    last = step;
    if (transaction.event.at > maxAt) maxAt = transaction.event.at;
    if (latencies !== undefined) latencies[i] = performance.now() - before;
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.threadCpuUsage(cpuStarted);
  return { seconds, cpuSeconds: (user + system) / 1e6, hits, last };
}

/**
 * Best of `rounds` for throughput (others use the machine), then one timed round for latencies. One
 * engine serves all rounds, as in a host: each round has new keys, and only the first one pays for
 * the compilation of hot code.
 */
export function measure(
  name: string,
  pack: RulePack,
  { load, rounds }: { readonly load: readonly Transaction[]; readonly rounds: number },
): Measurement {
  const engine = createEngine(pack);
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    collectGarbage();
    runs.push(run(engine, load, { states: new Map() }));
  }
  const [best] = runs.toSorted((a, b) => a.seconds - b.seconds);
  if (best === undefined) throw new RangeError("At least one round is needed.");
  const cpuSeconds = Math.min(...runs.map((done) => done.cpuSeconds));
  const latencies = new Float64Array(load.length);
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  const states: States = new Map();
  run(engine, load, { states, latencies });
  collectGarbage();
  const heap = process.memoryUsage().heapUsed - heapBefore;
  latencies.sort();
  const quantile = (q: number): number => (latencies[Math.floor(load.length * q)] ?? 0) * 1_000;
  let bytes = 0;
  for (const state of states.values()) bytes += engine.encode(state).length;
  return {
    name,
    eventsPerSecond: Math.round(load.length / best.seconds),
    eventsPerCpuSecond: Math.round(load.length / cpuSeconds),
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
    p999Us: quantile(0.999),
    hits: best.hits,
    bytesPerKey: Math.round(bytes / states.size),
    heapBytesPerKey: Math.round(heap / states.size),
  };
}

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}

/**
 * The baseline: keeps the events of a key and filters all of them again at each event, for the
 * velocity rule alone, without duplicates, lateness or reasons. What one would write in an
 * afternoon. Gives events per second, by the clock and by this thread's processor time.
 */
export function measureNaive(
  load: readonly Transaction[],
  amountField: number,
): Pick<Measurement, "eventsPerSecond" | "eventsPerCpuSecond"> {
  const events = new Map<string, { at: number; amount: number }[]>();
  collectGarbage();
  const started = process.hrtime.bigint();
  const cpuStarted = process.threadCpuUsage();
  for (const { key, event } of load) {
    const amount = Number(event.values[amountField]);
    const known = (events.get(key) ?? []).filter((e) => e.at >= event.at - 600_000);
    known.push({ at: event.at, amount });
    events.set(key, known);
    known.filter((e) => e.at >= event.at - 60_000 && e.at <= event.at && e.amount > 10_000);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.threadCpuUsage(cpuStarted);
  return {
    eventsPerSecond: Math.round(load.length / seconds),
    eventsPerCpuSecond: Math.round((load.length * 1e6) / (user + system)),
  };
}
