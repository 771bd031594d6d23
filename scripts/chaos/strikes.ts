import { setTimeout as delay } from "node:timers/promises";
import type { PartName } from "@holdfast/testkit";
import { faults } from "./faults/all.ts";
import type { FaultContext } from "./faults/fault.ts";
import { healProvider } from "./faults/provider.ts";
import type { Suite } from "./suite.ts";

const shortestGapMs = 5_000;
const longestGapMs = 15_000;

/**
 * Strikes again and again until `endsAtMs` (performance time), the faults drawn by the seed, each
 * once before any comes again. Resolves with the names of those that struck.
 */
export async function strikeUntil(
  endsAtMs: number,
  only: string | null,
  context: FaultContext,
): Promise<string[]> {
  const { random, history } = context;
  const candidates = faults.filter(({ name }) => only === null || name.startsWith(only));
  const struck: string[] = [];
  let deck: typeof candidates = [];
  while (candidates.length > 0) {
    const gapMs = random.between(shortestGapMs, longestGapMs);
    if (performance.now() + gapMs > endsAtMs) break;
    await delay(struck.length === 0 ? gapMs / 2 : gapMs);
    if (deck.length === 0) deck = [...candidates];
    const fault = deck.splice(random.between(0, deck.length - 1), 1)[0];
    if (fault === undefined) break;
    history.note("fault", { name: fault.name });
    await fault.strike(context);
    history.note("healed", { name: fault.name });
    struck.push(fault.name);
  }
  return struck;
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
  await healProvider(suite);
}
