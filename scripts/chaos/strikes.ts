import { setTimeout as delay } from "node:timers/promises";
import type { PartName } from "@holdfast/testkit";
import type { Random } from "@holdfast/traffic";
import { faults } from "./faults/all.ts";
import type { Fault, FaultContext } from "./faults/fault.ts";
import { healProvider } from "./faults/provider.ts";
import type { Suite } from "./suite.ts";

const shortestGapMs = 5_000;
const longestGapMs = 15_000;

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

/** Strikes again and again until `endsAtMs` (performance time); resolves with the names of what struck. */
export async function strikeUntil(
  endsAtMs: number,
  deck: Deck,
  context: FaultContext,
): Promise<string[]> {
  const { random, history } = context;
  const struck: string[] = [];
  for (;;) {
    const gapMs = random.between(shortestGapMs, longestGapMs);
    if (performance.now() + gapMs > endsAtMs) return struck;
    await delay(gapMs);
    const fault = deck.draw();
    if (fault === undefined) return struck;
    history.note("fault", { name: fault.name });
    await fault.strike(context);
    history.note("healed", { name: fault.name });
    struck.push(fault.name);
  }
}

const parts: readonly PartName[] = [
  "postgres",
  "kafka",
  "connect",
  "registry",
  "payment-provider",
  "operations",
  "order",
  "payment",
  "inventory",
  "fraud-scoring",
  "notification",
];

/** Whatever is stopped goes on and the provider behaves; what died is started by its supervisor. */
export async function heal(suite: Suite): Promise<void> {
  for (const part of parts) await suite.control.signal(part, "SIGCONT").catch(() => undefined);
  suite.network.heal();
  await healProvider(suite);
}
