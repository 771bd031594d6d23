import { alertsAreThoseOfTheLog } from "./alerts.ts";
import { ordersAreAccepted, theSuiteIsBack } from "./availability.ts";
import { effectsHappenOnce, everyRecordIsAccountedFor, offsetsAdvance } from "./consumers.ts";
import type { Facts } from "./facts.ts";
import { type Breach, breach, type Invariant } from "./invariant.ts";
import { capturedOnce, moneyIsConserved, refundedWithinCapture } from "./money.ts";
import { nothingAcknowledgedIsLost, orderMeansMoneyAndStock } from "./orders.ts";
import { outboxIsTheTopic } from "./outbox.ts";
import { stockAddsUp } from "./stock.ts";
import { ordersAreTraced } from "./traces.ts";

const cardNumbersStayInTheVault: Invariant = {
  name: "I12",
  promise: "no card number lies anywhere, in any encoding",
  check: ({ cardNumbers }) => breach("a canary number was found outside the vault", cardNumbers),
};

/** All invariants, in the order of their names. */
export const invariants: readonly Invariant[] = [
  moneyIsConserved,
  capturedOnce,
  refundedWithinCapture,
  stockAddsUp,
  nothingAcknowledgedIsLost,
  orderMeansMoneyAndStock,
  outboxIsTheTopic,
  effectsHappenOnce,
  alertsAreThoseOfTheLog,
  everyRecordIsAccountedFor,
  offsetsAdvance,
  cardNumbersStayInTheVault,
  ordersAreTraced,
  theSuiteIsBack,
  ordersAreAccepted,
];

/** A breach and the invariant that it breaks. */
export interface Violation extends Breach {
  readonly invariant: string;
}

/** Judges facts by every invariant, or by those named. Pure; empty when all hold. */
export function checkInvariants(facts: Facts, names?: readonly string[]): Violation[] {
  return invariants
    .filter(({ name }) => names === undefined || names.includes(name))
    .flatMap(({ name, check }) => check(facts).map((one) => ({ invariant: name, ...one })));
}
