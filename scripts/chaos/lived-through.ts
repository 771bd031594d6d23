import type { StrikeFact } from "@holdfast/testkit";
import type { Limits } from "./options.ts";
import type { Placement } from "./shopper.ts";
import type { Strike } from "./strikes.ts";

/** A fault as the suite's customers lived through it, and how long it lasted. */
export interface StrikeReport extends StrikeFact {
  readonly lastedMs: number;
}

/** An order that was sent so shortly before a fault may have met that one. */
const answerLimitMs = 5_000;

/**
 * Counts what was placed from each fault's beginning until the suite was itself again, or until the
 * next fault if that came first. Waits for recoveries that go on.
 */
export function livedThrough(
  strikes: readonly Strike[],
  placements: readonly Pick<Placement, "sentAtMs" | "atOnce" | "accepted" | "tookMs">[],
  { recoveryMs: recoveryLimitMs, retryMs }: Pick<Limits, "recoveryMs" | "retryMs">,
): Promise<StrikeReport[]> {
  const report = async (strike: Strike, next: Strike | undefined): Promise<StrikeReport> => {
    const { fault, beganAtMs, mendedAtMs } = strike;
    const recoveryMs = await strike.recovery;
    const endedAtMs = Math.min(
      mendedAtMs + (recoveryMs ?? Number.POSITIVE_INFINITY),
      (next?.beganAtMs ?? Number.POSITIVE_INFINITY) - answerLimitMs,
    );
    const meanwhile = placements.filter(
      ({ sentAtMs }) => sentAtMs >= beganAtMs && sentAtMs <= endedAtMs,
    );
    return {
      fault: fault.name,
      lastedMs: Math.round(mendedAtMs - beganAtMs),
      orders: meanwhile.length,
      acceptedAtOnce: meanwhile.filter(({ atOnce }) => atOnce).length,
      acceptedInTime: meanwhile.filter(({ atOnce, accepted, tookMs }) => {
        return atOnce || (accepted && tookMs <= retryMs);
      }).length,
      mustAccept: fault.mustAccept,
      recoveryMs,
      recoveryLimitMs,
    };
  };
  return Promise.all(strikes.map((strike, index) => report(strike, strikes[index + 1])));
}
