import type { Middleware } from "../delivery.ts";
import { DeliveryAborted } from "../errors.ts";

/** A handler did not end in time. Counts as an unknown error: bounded deliveries, then the DLQ. */
export class HandlerTimeout extends Error {
  override readonly name = "HandlerTimeout";
}

/**
 * Ends the wait for a handler after `limitMs` and aborts its signal. A handler that ignores the
 * signal may still be running when the next attempt begins; the inbox makes that safe, because the
 * second claim of an event id waits for the first transaction to end.
 */
export function timeout(limitMs = 30_000): Middleware {
  return (next) => async (context) => {
    const outer = context.signal;
    const limit = new AbortController();
    const ended = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      limit.abort("timeout");
      ended.reject(new HandlerTimeout(`No end within ${limitMs} ms`));
    }, limitMs);
    const onAbort = () => ended.reject(new DeliveryAborted("The partition's work must end"));
    outer.addEventListener("abort", onAbort, { once: true });
    context.signal = AbortSignal.any([outer, limit.signal]);
    try {
      await Promise.race([next(context), ended.promise]);
    } finally {
      clearTimeout(timer);
      outer.removeEventListener("abort", onAbort);
      context.signal = outer;
    }
  };
}
