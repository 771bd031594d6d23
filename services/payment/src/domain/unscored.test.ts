import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { PaymentCommand } from "./commands.ts";
import { decide, requestPayment } from "./decide.ts";
import { evolve, replay } from "./evolve.ts";
import { IllegalTransition, type Payment } from "./payment.ts";
import { policy, terms } from "./testing/terms.ts";

const at = 1_000;

/** Everything that can happen to a payment while the scorer is away and no person releases it. */
const withoutVerdict: readonly PaymentCommand[] = [
  { type: "FallBack", at },
  { type: "StopAwaitingVerdict", at },
  { type: "RecordAuthorization", at, answer: { outcome: "granted", authorizationId: "a" } },
  { type: "RecordAuthorization", at, answer: { outcome: "refused", code: "no" } },
  { type: "AbandonAuthorization", at },
  { type: "CapturePayment", at },
  { type: "RecordCapture", at, answer: { outcome: "captured", feeMinor: 60 } },
  { type: "CancelPayment", at },
  { type: "RecordVoid", at },
  { type: "DeclineHold", at, by: "ann", reason: "stolen" },
  { type: "ExpireHold", at: at + policy.holdExpiryMs },
  { type: "RefundPayment", at, refundId: "r", amountMinor: 1, reason: "x" },
];

test("a scorer that crashed opens no window: without a verdict or a person nothing is ever captured", () => {
  const commands = fc.array(fc.constantFrom(...withoutVerdict), { maxLength: 12 });
  fc.assert(
    fc.property(commands, fc.constantFrom(1, 5_000, 5_001), (sequence, baseAmountMinor) => {
      const requested = requestPayment(
        { ...terms, baseAmountMinor },
        { at, orderCancelled: false },
      );
      let payment = replay(requested) as Payment;
      for (const command of sequence) {
        for (const event of eventsOf(payment, command)) {
          expect(["CaptureStarted", "PaymentCaptured", "PaymentReleased"]).not.toContain(
            event.type,
          );
          expect(event).not.toMatchObject({ captureAllowed: true });
          payment = evolve(payment, event);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

function eventsOf(payment: Payment, command: PaymentCommand) {
  try {
    return decide(payment, command, policy);
  } catch (error) {
    if (error instanceof IllegalTransition) return [];
    throw error;
  }
}
