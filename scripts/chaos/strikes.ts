import { setTimeout as delay } from "node:timers/promises";
import { partNames } from "@holdfast/testkit";
import type { Random } from "@holdfast/traffic";
import { faults } from "./faults/all.ts";
import type { Fault, FaultContext } from "./faults/fault.ts";
import { healProvider } from "./faults/provider.ts";
import type { FragileSuite } from "./suite.ts";

const shortestGapMs = 5_000;
const longestGapMs = 15_000;
/** A suite that is not itself again by then is struck all the same. */
const longestMercyMs = 30_000;

/** How many faults there can be in so many seconds. */
export const mostStrikes = (seconds: number): number =>
  Math.ceil((seconds * 1_000) / shortestGapMs);

/** Faults in the order that the seed decides, each once before any comes again. */
export class Deck {
  readonly #candidates: readonly Fault[];
  readonly #random: Random;
  #left: Fault[] = [];

  /** `only` are the beginnings of the wanted names; null means all faults. */
  constructor(only: readonly string[] | null, random: Random) {
    this.#candidates = faults.filter(
      ({ name }) => only === null || only.some((beginning) => name.startsWith(beginning)),
    );
    this.#random = random;
  }

  draw(): Fault | undefined {
    if (this.#left.length === 0) this.#left = [...this.#candidates];
    return this.#left.splice(this.#random.between(0, this.#left.length - 1), 1)[0];
  }
}

/** A fault as it went; times are performance times. */
export interface Strike {
  readonly fault: Fault;
  readonly beganAtMs: number;
  /** What died by a signal counts as mended at once: to come back is the suite's own business. */
  readonly mendedAtMs: number;
  /** From the mending until the suite was itself again; null when it was not in time. */
  readonly recovery: Promise<number | null>;
}

/** What a series of strikes has to work with. */
export interface StrikeOptions extends FaultContext {
  readonly deck: Deck;
  /** No fault begins later, in performance time. */
  readonly endsAtMs: number;
  /** Called at each mending; resolves with the milliseconds that the suite took, or null. */
  readonly recover: () => Promise<number | null>;
}

/** Strikes again and again. The next fault comes after a pause, and not before the suite is itself again. */
export async function strikeUntilOver(options: StrikeOptions): Promise<Strike[]> {
  const { random, history, deck, endsAtMs, recover } = options;
  const strikes: Strike[] = [];
  const pause = () => delay(random.between(shortestGapMs, longestGapMs));
  await pause();
  while (performance.now() < endsAtMs) {
    const fault = deck.draw();
    if (fault === undefined) break;
    history.note("fault", { name: fault.name });
    const beganAtMs = performance.now();
    await fault.strike(options);
    const mendedAtMs = performance.now();
    history.note("mended", { name: fault.name });
    const recovery = recover();
    strikes.push({ fault, beganAtMs, mendedAtMs, recovery });
    await Promise.all([Promise.race([recovery, delay(longestMercyMs)]), pause()]);
  }
  return strikes;
}

/** Whatever is stopped goes on and the provider behaves; what died is started by its supervisor. */
export async function heal(suite: FragileSuite): Promise<void> {
  for (const part of partNames) await suite.control.signal(part, "SIGCONT").catch(() => undefined);
  suite.network.heal();
  suite.receiver.setAway(false);
  await healProvider(suite);
}
