import type { Clock, Database, Ids } from "@holdfast/outbox";
import type { Route } from "@holdfast/service-kit";
import type { DeclineCap } from "../governor.ts";
import type { Payments } from "../payments.ts";
import type { CardVault } from "../vault/card-vault.ts";
import { readLedgerBalances } from "./ledger.ts";
import { addPaymentMethod, readPaymentMethod } from "./payment-methods.ts";
import { listPaymentsRoute, readPayment, reviewPayment } from "./payments.ts";
import { refundPayment } from "./refunds.ts";
import { demoteRule, readRules, restoreRule } from "./rules.ts";

/** What the routes of payment need. */
export interface RoutesOptions {
  readonly database: Database;
  readonly payments: Payments;
  readonly vault: CardVault;
  readonly ids: Ids;
  readonly clock: Clock;
  /** How many declines a rule may cause. */
  readonly cap: DeclineCap;
}

/** Every route of payment. */
export function paymentRoutes(options: RoutesOptions): readonly Route[] {
  return [
    addPaymentMethod(options),
    readPaymentMethod(options),
    listPaymentsRoute(options),
    readPayment(options),
    reviewPayment(options),
    refundPayment(options),
    readLedgerBalances(options),
    readRules(options),
    demoteRule(options),
    restoreRule(options),
  ];
}
