import type { KeyState } from "../engine/state.ts";
import type { Engine, Step, StepTail } from "../engine/types.ts";
import { offer, poll } from "../pattern/heap.ts";
import type { StreamEvent } from "../stream.ts";

export type RunnerOptions = {
  /** How much an event may be older than one that came before it. */
  readonly boundMs: number;
  /** Called for each event, in the order given. */
  readonly onStep: (key: string, event: StreamEvent, step: Step) => void;
  /** Called for each key that time made speak, by due time, then by key. */
  readonly onTime: (key: string, tail: StepTail) => void;
};

type Timer = { readonly at: number; readonly key: string; readonly kind: "due" | "expiry" };
type Held = { readonly state: KeyState; dueAt: number; expiresAt: number };

function earlier(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.key < b.key);
}

/**
 * A host in memory, for backtests, benches and tests: keeps the state of each key, one watermark
 * and the timers, and forgets keys that have expired. Deterministic; memory grows with the keys
 * that are alive.
 */
export class KeyedRunner {
  readonly #engine: Engine;
  readonly #options: RunnerOptions;
  readonly #keys = new Map<string, Held>();
  readonly #timers: Timer[] = [];
  #maxAt = Number.NEGATIVE_INFINITY;

  constructor(engine: Engine, options: RunnerOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** Keys whose state is held. */
  get size(): number {
    return this.#keys.size;
  }

  get watermark(): number {
    return this.#maxAt - this.#options.boundMs - 1;
  }

  state(key: string): KeyState | undefined {
    return this.#keys.get(key)?.state;
  }

  /** Applies one event, then lets speak what the watermark has reached. */
  push(key: string, event: StreamEvent): void {
    const held = this.#keys.get(key);
    const state = held?.state ?? this.#engine.newState();
    const step = this.#engine.process(state, event, this.watermark);
    this.#options.onStep(key, event, step);
    this.#keep(key, held ?? { state, dueAt: Number.NaN, expiresAt: Number.NaN }, step);
    if (event.at <= this.#maxAt) return;
    this.#maxAt = event.at;
    this.#advance(this.watermark);
  }

  /** The stream has ended: everything that waits is decided. */
  finish(): void {
    this.#advance(Number.POSITIVE_INFINITY);
  }

  #keep(key: string, held: Held, tail: StepTail): void {
    const dueAt = tail.dueAt ?? Number.POSITIVE_INFINITY;
    if (dueAt !== held.dueAt) this.#wake({ at: dueAt, key, kind: "due" });
    if (Number.isNaN(held.expiresAt)) this.#watchExpiry(key, tail.expiresAt);
    held.dueAt = dueAt;
    held.expiresAt = tail.expiresAt;
    this.#keys.set(key, held);
  }

  #wake(timer: Timer): void {
    if (Number.isFinite(timer.at)) offer(this.#timers, timer, earlier);
  }

  /** A key has expired once the watermark has passed the time that its last step gave. */
  #watchExpiry(key: string, expiresAt: number): void {
    this.#wake({ at: expiresAt + 1, key, kind: "expiry" });
  }

  #advance(watermark: number): void {
    for (let timer = this.#timers[0]; timer !== undefined; timer = this.#timers[0]) {
      if (timer.at > watermark) return;
      poll(this.#timers, earlier);
      const held = this.#keys.get(timer.key);
      if (held === undefined) continue;
      if (timer.kind === "due") this.#fire(timer, held);
      else if (timer.at > held.expiresAt) this.#keys.delete(timer.key);
      else this.#watchExpiry(timer.key, held.expiresAt);
    }
  }

  #fire(timer: Timer, held: Held): void {
    if (held.dueAt > timer.at) return;
    const tail = this.#engine.advance(held.state, timer.at);
    this.#options.onTime(timer.key, tail);
    this.#keep(timer.key, held, tail);
  }
}
