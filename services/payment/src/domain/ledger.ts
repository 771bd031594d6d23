import type { PaymentEvent } from "./events.ts";

/**
 * The accounts, from the shop's side. `held` and `clearing` mirror each other while an authorisation is
 * open and are zero at rest; `provider` is money that the provider owes us.
 */
export type Account = "clearing" | "held" | "provider" | "captured" | "refunded";

/** One side of an entry: signed minor units, a debit above zero, a credit below. */
export interface Posting {
  readonly account: Account;
  readonly amountMinor: number;
}

/** The entry of a settled step; none for an event that moves no money. Its postings sum to zero. */
export function postingsOf(event: PaymentEvent): Posting[] {
  switch (event.type) {
    case "AuthorizationGranted":
      return transfer("held", "clearing", event.amountMinor);
    case "PaymentVoided":
      return transfer("clearing", "held", event.amountMinor);
    case "PaymentCaptured":
      return [
        ...transfer("clearing", "held", event.amountMinor),
        ...transfer("captured", "provider", event.amountMinor),
      ];
    case "PaymentRefunded":
      return transfer("provider", "refunded", event.amountMinor);
    default:
      return [];
  }
}

function transfer(credited: Account, debited: Account, amountMinor: number): Posting[] {
  return [
    { account: debited, amountMinor },
    { account: credited, amountMinor: -amountMinor },
  ];
}
