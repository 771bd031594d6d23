import { z } from "zod";
import type { Operation } from "./books.ts";

const share = z.number().min(0).max(1);

/** How the provider misbehaves. Each member that is left out of a PUT is as on a good day. */
export const failuresSchema = z.strictObject({
  /** Share of requests that are answered 503 before anything happens. */
  errorRate: share.default(0),
  /** Share of requests that are carried out and then never answered. */
  timeoutAfterSuccessRate: share.default(0),
  /** Milliseconds before a request is looked at. */
  latencyMs: z.number().int().min(0).max(60_000).default(0),
  /** Authorisations above this many minor units are refused. */
  refuseAboveMinor: z.number().int().min(0).nullable().default(null),
  /** Authorisations of exactly these amounts are refused. */
  refuseAmountsMinor: z.array(z.number().int()).max(100).default([]),
  /** Authorisations of cards that end in these digits are refused. */
  refuseLast4: z
    .array(z.string().regex(/^\d{4}$/))
    .max(100)
    .default([]),
  /** Captures are refused. */
  refuseCaptures: z.boolean().default(false),
  /** The same seed draws the same failures in the same order of requests. */
  seed: z.number().int().default(1),
});

export type FailureModes = z.output<typeof failuresSchema>;

/** A good day. */
export const noFailures: FailureModes = failuresSchema.parse({});

/** Why the failure modes in force refuse an operation, or null. */
export function refusalBy(modes: FailureModes, operation: Operation): string | null {
  if (operation.kind === "capture") return modes.refuseCaptures ? "capture_refused" : null;
  if (operation.kind !== "authorize") return null;
  const { amountMinor, last4 } = operation;
  if (modes.refuseLast4.includes(last4)) return "card_declined";
  if (modes.refuseAmountsMinor.includes(amountMinor)) return "insufficient_funds";
  const { refuseAboveMinor } = modes;
  return refuseAboveMinor !== null && amountMinor > refuseAboveMinor ? "insufficient_funds" : null;
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
