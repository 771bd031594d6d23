import type { PerformTask } from "@holdfast/outbox";
import type { PaymentCommand } from "../domain/commands.ts";
import type { TimerName } from "../domain/owed.ts";
import type { Payments, TimerTask } from "../payments.ts";

const commandOf: Record<TimerName, (at: number) => PaymentCommand> = {
  "decision-timeout": (at) => ({ type: "FallBack", at }),
  "decision-limit": (at) => ({ type: "StopAwaitingVerdict", at }),
  "hold-expiry": (at) => ({ type: "ExpireHold", at }),
};

/** Does what a timer that fell due asks of its payment; nothing when the payment has moved on. */
export function createFireTimer(options: {
  readonly payments: Pick<Payments, "execute">;
  readonly clock: { now(): number };
}): PerformTask<TimerTask> {
  return async ({ payload, dueAt }) =>
    async (tx) => {
      // Never before its time, also when this process's clock lags behind the one that claimed it.
      const at = Math.max(options.clock.now(), dueAt);
      const { paymentId, timer } = payload;
      await options.payments.execute(tx, { paymentId }, commandOf[timer](at));
    };
}
