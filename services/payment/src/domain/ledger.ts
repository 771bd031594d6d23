import type { PaymentCaptured, PaymentEvent } from "./events.ts";

/**
 * The accounts, from the shop's side. `held` and `clearing` mirror each other while an authorisation is
 * open and are zero at rest; `provider` is money that the provider owes us, `fees` what it has kept of
 * captures. A refund does not bring its fee back.
 */
export type Account = "clearing" | "held" | "provider" | "fees" | "captured" | "refunded";

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
      return [...transfer("clearing", "held", event.amountMinor), ...earned(event)];
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

/** What was captured is owed by the provider, but for its fee. */
function earned({ amountMinor, feeMinor }: PaymentCaptured): Posting[] {
  const postings: Posting[] = [
    { account: "captured", amountMinor: -amountMinor },
    { account: "provider", amountMinor: amountMinor - feeMinor },
    { account: "fees", amountMinor: feeMinor },
  ];
  return postings.filter((posting) => posting.amountMinor !== 0);
}
