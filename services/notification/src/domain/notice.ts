import type { AlertValue } from "@holdfast/contracts";

/** Who reads a notice. The two never see the same words: a customer never learns what fraud rules say. */
export type Audience = "customer" | "analyst";

/** What is to be said, before anyone has decided by which channel. */
export type Notice = CustomerNotice | AnalystNotice;

/** For one customer, in neutral words. */
export interface CustomerNotice {
  readonly audience: "customer";
  readonly customerId: string;
  readonly orderId: string;
  readonly subject: string;
  readonly body: string;
  readonly details: null;
}

/** For whoever reviews payments, with everything the rule saw. */
export interface AnalystNotice {
  readonly audience: "analyst";
  readonly customerId: string;
  readonly orderId: string | null;
  readonly subject: string;
  readonly body: string;
  readonly details: AlertDetails | PaymentDetails;
}

/** What became of a payment without a rule's alert, in fields, for sinks that machines read. */
export interface PaymentDetails {
  readonly situation: string;
  readonly paymentId: string;
}

/** The alert in fields, for sinks that machines read. */
export interface AlertDetails {
  readonly alertId: string;
  readonly ruleId: string;
  readonly ruleVersion: number;
  readonly phase: string;
  readonly action: string;
  readonly score: number;
  readonly reason: string;
  readonly cardFingerprint: string;
  readonly paymentId: string | null;
  readonly decisionId: string | null;
  readonly values: readonly AlertValue[];
}
