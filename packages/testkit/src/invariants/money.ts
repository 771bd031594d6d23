import type { Facts, JournalFact } from "./facts.ts";
import { type Breach, breach, type Invariant, repeated, sumBy } from "./invariant.ts";

/** What the provider did for one order, by its own journal. */
export interface ProviderView {
  readonly orderId: string;
  readonly authorizations: readonly JournalFact[];
  readonly captures: readonly JournalFact[];
  readonly voids: readonly JournalFact[];
  readonly refunds: readonly JournalFact[];
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  /** Authorisations that were neither captured nor given back. */
  readonly open: readonly JournalFact[];
}

/** The journal by order. Operations on an authorisation that nobody was granted are left out. */
export function providerViews(journal: readonly JournalFact[]): Map<string, ProviderView> {
  const done = journal.filter(({ outcome }) => outcome === "succeeded");
  const orderOf = new Map(
    done
      .filter(({ kind }) => kind === "authorize")
      .map(({ authorizationId, reference }) => [authorizationId, reference ?? "nobody"]),
  );
  const byOrder = Map.groupBy(done, ({ authorizationId }) => orderOf.get(authorizationId));
  const views = new Map<string, ProviderView>();
  for (const [orderId, entries] of byOrder) {
    if (orderId !== undefined) views.set(orderId, viewOf(orderId, entries));
  }
  return views;
}

function viewOf(orderId: string, entries: readonly JournalFact[]): ProviderView {
  const of = (wanted: JournalFact["kind"]) => entries.filter(({ kind }) => kind === wanted);
  const sum = (some: readonly JournalFact[]) =>
    some.reduce((total, { amountMinor }) => total + (amountMinor ?? 0), 0);
  const [authorizations, captures, voids] = [of("authorize"), of("capture"), of("void")];
  const ended = new Set([...captures, ...voids].map(({ authorizationId }) => authorizationId));
  return {
    orderId,
    authorizations,
    captures,
    voids,
    refunds: of("refund"),
    capturedMinor: sum(captures),
    refundedMinor: sum(of("refund")),
    open: authorizations.filter(({ authorizationId }) => !ended.has(authorizationId)),
  };
}

const atRest = new Set(["clearing", "held"]);
const mayHoldMoney = new Set(["held", "provisional", "authorized"]);

function ledgerBalances({ postings, payments, journal }: Facts): Breach[] {
  const entries = sumBy(
    postings,
    ({ paymentId, sequence, currency }) => `${paymentId}/${sequence}/${currency}`,
    ({ amountMinor }) => amountMinor,
  );
  const open = new Set(
    payments.filter(({ status }) => mayHoldMoney.has(status)).map(({ paymentId }) => paymentId),
  );
  const resting = sumBy(
    postings.filter(({ account, paymentId }) => atRest.has(account) && !open.has(paymentId)),
    ({ paymentId, account }) => `${paymentId}/${account}`,
    ({ amountMinor }) => amountMinor,
  );
  return [
    ...breach("every entry sums to zero", nonZero(entries)),
    ...breach("clearing and held are zero for a payment that is at rest", nonZero(resting)),
    ...ledgerAgreesWithProvider({ postings, journal }),
  ];
}

function ledgerAgreesWithProvider({ postings, journal }: Pick<Facts, "postings" | "journal">) {
  const booked = (account: string, sign: 1 | -1) =>
    sign *
    postings
      .filter((posting) => posting.account === account)
      .reduce((total, { amountMinor }) => total + amountMinor, 0);
  const moved = (kind: JournalFact["kind"]) =>
    journal
      .filter((entry) => entry.kind === kind && entry.outcome === "succeeded")
      .reduce((total, { amountMinor }) => total + (amountMinor ?? 0), 0);
  const keptMinor = journal
    .filter(({ outcome }) => outcome === "succeeded")
    .reduce((total, { feeMinor }) => total + feeMinor, 0);
  return [
    { account: "captured", bookedMinor: booked("captured", -1), movedMinor: moved("capture") },
    { account: "refunded", bookedMinor: booked("refunded", 1), movedMinor: moved("refund") },
    { account: "fees", bookedMinor: booked("fees", 1), movedMinor: keptMinor },
  ].flatMap((account) =>
    account.bookedMinor === account.movedMinor
      ? []
      : breach("the ledger says what the provider's journal says", [account]),
  );
}

function nonZero(sums: ReadonlyMap<string, number>): { name: string; sumMinor: number }[] {
  return [...sums].flatMap(([name, sumMinor]) => (sumMinor === 0 ? [] : [{ name, sumMinor }]));
}

/** I1 */
export const moneyIsConserved: Invariant = {
  name: "I1",
  promise: "money is conserved: entries balance, nothing is left in clearing, the provider agrees",
  check: ledgerBalances,
};

/** I2 */
export const capturedOnce: Invariant = {
  name: "I2",
  promise: "an order is authorised once at most, captured once at most, and captured whole",
  check: ({ journal, orders }) => {
    const views = [...providerViews(journal).values()];
    const totals = new Map(orders.map(({ orderId, totalMinor }) => [orderId, totalMinor]));
    return [
      ...breach(
        "one authorisation an order",
        views.filter(({ authorizations }) => authorizations.length > 1),
      ),
      ...breach(
        "one capture an order",
        views.filter(({ captures }) => captures.length > 1),
      ),
      ...breach(
        "what is captured is the order's total",
        views.filter((view) => {
          return view.captures.length > 0 && view.capturedMinor !== totals.get(view.orderId);
        }),
      ),
      ...breach(
        "one operation a key",
        repeated(journal, ({ key }) => key),
      ),
    ];
  },
};

/** I3 */
export const refundedWithinCapture: Invariant = {
  name: "I3",
  promise: "no order is refunded more than was captured",
  check: ({ journal }) =>
    breach(
      "refunded is at most captured",
      [...providerViews(journal).values()].filter(
        (view) => view.refundedMinor > view.capturedMinor,
      ),
    ),
};
