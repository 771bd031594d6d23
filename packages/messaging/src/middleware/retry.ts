import { counter } from "@holdfast/telemetry";
import { delay } from "../assigned-partition.ts";
import type { DeliveryContext, Middleware } from "../delivery.ts";
import { DeliveryAborted, errorClassOf, natureOf } from "../errors.ts";
import { systemNow, systemRandom } from "../system.ts";

export interface RetryOptions {
  /** Deliveries of a record whose error is neither permanent nor transient; default 5. */
  readonly maxDeliveries?: number;
  /** The first wait; it doubles up to the longest. Default 100 ms to 5 s. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  /** 0 to 1, spreads the waits of many consumers; default: the system's. */
  readonly random?: () => number;
  /** Milliseconds since the epoch; default: the system's clock. */
  readonly now?: () => number;
  /** Resolves after `ms`, or earlier when the signal aborts; default: the system's timers. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const retries = counter("message_retries_total");

/**
 * Delivers again, with back-off. A transient error (something outside is down) is tried until it
 * passes. An unknown error, which is a bug until proven otherwise, gets `maxDeliveries`, each in a
 * transaction of its own, and is then thrown on: handlers keep no state between deliveries, so a
 * fresh delivery is what a restart of the process would give. Waiting holds up this partition
 * alone: the poll loop pauses it when its queue is full. Ends with DeliveryAborted when the
 * partition is lost or the process stops.
 */
export function retry(options: RetryOptions = {}): Middleware {
  const { maxDeliveries = 5, now = systemNow } = options;
  return (next) => async (context) => {
    for (; ; context.attempt += 1) {
      try {
        return await next(context);
      } catch (error) {
        const nature = natureOf(error);
        if (context.stopping.aborted && nature !== "permanent") {
          throw new DeliveryAborted("The delivery ended with its partition", { cause: error });
        }
        context.firstFailedAtMs ??= now();
        if (nature === "permanent" || nature === "aborted") throw error;
        if (nature === "unknown" && context.attempt >= maxDeliveries) throw error;
        await pauseBefore(context, error, options);
      }
    }
  };
}

async function pauseBefore(
  context: DeliveryContext,
  error: unknown,
  options: RetryOptions,
): Promise<void> {
  const { record, group, attempt, stopping, logger } = context;
  const { topic, partition, offset } = record;
  const errorClass = errorClassOf(error);
  retries.add(1, { group, topic, error_class: errorClass });
  const { wait = delay } = options;
  const delayMs = backOff(attempt, options);
  logger.warn(
    { err: error, topic, partition, offset, errorClass, attempt, delayMs },
    "A delivery failed and is tried again.",
  );
  await wait(delayMs, stopping);
  if (stopping.aborted) throw new DeliveryAborted("The wait ended with its partition");
  // What the failed attempt found must not leak into the next one.
  context.tx = undefined;
}

function backOff(attempt: number, options: RetryOptions): number {
  const { baseDelayMs = 100, maxDelayMs = 5_000, random = systemRandom } = options;
  const exponential = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(attempt - 1, 20));
  return Math.round(exponential * (0.5 + random() / 2));
}
