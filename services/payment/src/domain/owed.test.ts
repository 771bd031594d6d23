import { expect, test } from "@jest/globals";
import { decide, requestPayment } from "./decide.ts";
import type { PaymentEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { owedAfter } from "./owed.ts";
import type { Payment } from "./payment.ts";
import { policy, terms } from "./testing/terms.ts";

function owed(payment: Payment | undefined, events: PaymentEvent[]) {
  let now = payment;
  const work = events.flatMap((event) => {
    const before = now;
    const after = evolve(before, event);
    now = after;
    return owedAfter(event, { before, after }, policy);
  });
  return { work, payment: now as Payment };
}

test("a request owes a decision time-out, a fallback its limit, a hold its expiry", () => {
  const requested = owed(undefined, requestPayment(terms, { at: 1_000, orderCancelled: false }));
  expect(requested.work).toEqual([{ kind: "timer", timer: "decision-timeout", dueAt: 3_000 }]);

  const fallBack = { type: "FallBack", at: 3_000 } as const;
  const fallen = owed(requested.payment, decide(requested.payment, fallBack, policy));
  expect(fallen.work).toEqual([
    { kind: "timer", timer: "decision-limit", dueAt: 31_000 },
    { kind: "step", step: { step: "authorize" } },
  ]);

  const granted = {
    type: "RecordAuthorization",
    at: 3_100,
    answer: { outcome: "granted", authorizationId: "auth-1" },
  } as const;
  const provisional = owed(fallen.payment, decide(fallen.payment, granted, policy));
  expect(provisional.work).toEqual([]);

  const limit = { type: "StopAwaitingVerdict", at: 31_000 } as const;
  const held = owed(provisional.payment, decide(provisional.payment, limit, policy));
  expect(held.work).toEqual([{ kind: "timer", timer: "hold-expiry", dueAt: 91_000 }]);

  const decline = { type: "DeclineHold", at: 40_000, by: "ann", reason: "stolen" } as const;
  const voiding = owed(held.payment, decide(held.payment, decline, policy));
  expect(voiding.work).toEqual([
    { kind: "step", step: { step: "void" } },
    { kind: "timer-off", timer: "hold-expiry" },
  ]);
});
