import type { Query, Tx } from "@holdfast/outbox";
import { counter, observe } from "@holdfast/telemetry";
import type { PaymentEvent } from "./domain/events.ts";
import { evolve } from "./domain/evolve.ts";
import type { Payment } from "./domain/payment.ts";
import type { Verdict } from "./domain/verdict.ts";
import { imbalances, readBalances } from "./store/ledger.ts";
import { countByStatus } from "./store/payments.ts";

const transitions = counter("payments_total");
const fallbacks = counter("fallback_verdicts_total");
const lateVerdicts = counter("late_verdicts_total");

/** Counts what events changed, once they are committed; `before` is the payment before them. */
export function countEvents(
  tx: Tx,
  events: readonly PaymentEvent[],
  before: Payment | undefined,
): void {
  tx.afterCommit(() => {
    let payment = before;
    for (const event of events) {
      const after = evolve(payment, event);
      if (payment?.state.status !== after.state.status) {
        transitions.add(1, { status: after.state.status });
      }
      payment = after;
    }
    const received = events.find((event) => event.type === "VerdictReceived");
    if (received !== undefined && payment !== undefined)
      countVerdict(received.verdict, { before, after: payment });
  });
}

function countVerdict(
  { source, outcome }: Verdict,
  { before, after }: { before: Payment | undefined; after: Payment },
): void {
  const wasFallback = before?.verdict?.source === "FALLBACK";
  // Once a payment: what waits goes to a person later, by policy again.
  if (source === "FALLBACK") {
    if (!wasFallback) fallbacks.add(1, { action: outcome.toLowerCase() });
  } else if (wasFallback) {
    lateVerdicts.add(1, { outcome: outcome.toLowerCase(), action: after.state.status });
  }
}

/** Registers what is read at each scrape. */
export function observePayments(read: Query): void {
  observe("payments_held", async () => [{ value: await countByStatus(read, "held"), labels: {} }]);
  observe("ledger_imbalance_minor_units", async () =>
    imbalances(await readBalances(read)).map(({ currency, amountMinor }) => ({
      value: amountMinor,
      labels: { currency },
    })),
  );
}
