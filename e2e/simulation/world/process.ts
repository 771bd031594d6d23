import type { Scheduler } from "./scheduler.ts";

/** The longest usual wait for one answer of a port, ms; most are far shorter. */
const longestTurnMs = 40;

/**
 * One process: running ⇄ stopped in its tracks (SIGSTOP, SIGCONT) → dead (kill -9). Everything that
 * its code waits for goes through `turn` or `pause`. A dead process is never answered again, wherever
 * its code stands: that is a crash between two awaits. A stopped one goes on later as if nothing had
 * been, with the answers of long ago.
 */
export class SimulatedProcess {
  readonly name: string;
  /** Aborted when it learns that its partitions belong to another process. */
  readonly lost = new AbortController();
  /** The group has dropped it, whether it knows or not: its offsets are refused. */
  fenced = false;
  readonly clock: { now(): number };
  readonly #scheduler: Scheduler;
  readonly #onDeath: (() => void)[] = [];
  #state: "running" | "stopped" | "dead" = "running";
  #held: (() => void)[] = [];

  constructor(
    scheduler: Scheduler,
    { name, clockSkewMs = 0 }: { name: string; clockSkewMs?: number },
  ) {
    this.#scheduler = scheduler;
    this.name = name;
    this.clock = { now: () => Math.floor(scheduler.nowMs + clockSkewMs) };
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  get stopped(): boolean {
    return this.#state === "stopped";
  }

  /** Waits as long as an answer of another process takes, at most a few dozen milliseconds. */
  turn(): Promise<void> {
    return this.pause(this.#scheduler.skewed() * longestTurnMs);
  }

  /** Waits `ms`; never resolves in a dead process. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.later(ms, () => this.wake(resolve)));
  }

  /** Calls back into this process's code: at once, when it goes on, or never. */
  wake(resolve: () => void): void {
    if (this.#state === "running") resolve();
    else if (this.#state === "stopped") this.#held.push(resolve);
  }

  /** Runs `action` at the process's death, e.g. to close its connections. */
  onDeath(action: () => void): void {
    this.#onDeath.push(action);
  }

  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#held = [];
    for (const action of this.#onDeath) action();
  }

  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  resume(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    const held = this.#held;
    this.#held = [];
    for (const resolve of held) resolve();
  }
}
