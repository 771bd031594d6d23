import type { PaymentEvent } from "../../../services/payment/src/domain/events.ts";
import { type Row, ServerError, type View } from "./engine.ts";
import type { StatementTable } from "./statement-table.ts";

type Changed = [
  paymentId: string,
  version: number,
  events: string,
  state: string,
  verdict: string | null,
  at: number,
];
type Inserted = [...Changed, ...rest: (string | number)[]];
type Posted = [paymentId: string, currency: string, postings: string];

interface Posting {
  readonly sequence: number;
  readonly account: string;
  readonly amountMinor: number;
}

const byOrder = "payments_by_order";

/** payment's own tables: payments, their history, the ledger, cards, and the governor's counts. */
export const paymentStatements: StatementTable = {
  "payment-insert": {
    locks: (_, values: Inserted) => [[byOrder, String(values[7])]],
    run: (view, values: Inserted) => {
      const [paymentId, , , , , , requestedAt, orderId, customerId, merchantId] = values;
      const [methodId, fingerprint, brand, first6, last4, amount, currency, base, baseCurrency] =
        values.slice(10);
      if (view.get(byOrder, String(orderId)) !== undefined) {
        throw new ServerError("23505", "duplicate key value violates payments_order_id_key");
      }
      view.put(byOrder, String(orderId), { paymentId });
      view.put("payments", paymentId, {
        payment_id: paymentId,
        order_id: orderId,
        customer_id: customerId,
        merchant_id: merchantId,
        payment_method_id: methodId,
        card_fingerprint: fingerprint,
        card_brand: brand,
        card_first6: first6,
        card_last4: last4,
        amount_minor: amount,
        currency,
        base_amount_minor: base,
        base_currency: baseCurrency,
        requested_at: new Date(Number(requestedAt)),
      });
      change(view, values.slice(0, 6) as Changed);
      return 1;
    },
  },
  "payment-update": {
    locks: (_, [paymentId]: Changed) => [["payments", paymentId]],
    run: (view, values: Changed) => {
      change(view, values);
      return 1;
    },
  },
  "payment-lock-payment_id": {
    locks: (_, [paymentId]: [string]) => [["payments", paymentId]],
    run: (view, [paymentId]: [string]) => found(view, paymentId),
  },
  "payment-lock-order_id": {
    locks: (view, [orderId]: [string]) => {
      const paymentId = view.get(byOrder, orderId)?.["paymentId"];
      return paymentId === undefined ? [] : [["payments", String(paymentId)]];
    },
    run: (view, [orderId]: [string]) => found(view, view.get(byOrder, orderId)?.["paymentId"]),
  },
  // Here a commit is seen by everybody before it is on the log.
  "payment-await-insert": { run: () => [] },
  "payment-find": {
    run: (view, [paymentId]: [string]) => found(view, paymentId),
  },
  "ledger-post": {
    run: (view, [paymentId, currency, text]: Posted) => {
      const postings = JSON.parse(text) as Posting[];
      ensureBalanced(postings);
      for (const { sequence, account, amountMinor } of postings) {
        const key = `${paymentId} ${sequence} ${account}`;
        view.put("ledger_postings", key, { paymentId, sequence, account, currency, amountMinor });
      }
      return postings.length;
    },
  },
  "payment-method-find": {
    run: (view, [methodId]: [string]) => {
      const row = view.get("payment_methods", methodId);
      return row === undefined ? [] : [row];
    },
  },
  "order-cancelled": {
    run: (view, [orderId]: [string]) => (view.get("cancelled_orders", orderId) ? 1 : 0),
  },
  "INSERT INTO cancelled_orders": {
    run: (view, [orderId]: [string]) => {
      view.put("cancelled_orders", orderId, { orderId });
      return 1;
    },
  },
  ...governor(),
};

function found(view: View, paymentId: unknown): Row[] {
  const row = view.get("payments", String(paymentId));
  return row === undefined ? [] : [row];
}

function change(view: View, [paymentId, version, events, state, verdict, at]: Changed): void {
  const history = JSON.parse(events) as PaymentEvent[];
  const row = view.get("payments", paymentId);
  for (const [index, event] of history.entries()) {
    const key = `${paymentId} ${version + index + 1}`;
    if (view.get("payment_events", key) !== undefined) {
      throw new ServerError("23505", "duplicate key value violates payment_events_pkey");
    }
    view.put("payment_events", key, { ...event });
  }
  const parsed: Row = JSON.parse(state) as Row;
  view.put("payments", paymentId, {
    ...row,
    version: version + history.length,
    state: parsed,
    status: parsed["status"],
    verdict: verdict === null ? null : JSON.parse(verdict),
    updated_at: new Date(at),
  });
}

function ensureBalanced(postings: readonly Posting[]): void {
  for (const entry of Map.groupBy(postings, ({ sequence }) => sequence).values()) {
    const sum = entry.reduce((total, { amountMinor }) => total + amountMinor, 0);
    if (sum !== 0) throw new ServerError("23514", "ledger entry does not balance");
  }
}

function governor(): StatementTable {
  const keyOf = (ruleId: string, periodStart: Date) => `${ruleId} ${periodStart.getTime()}`;
  return {
    'SELECT rule_id AS "ruleId" FROM ( SELECT DISTINCT ON': { run: () => [] },
    "INSERT INTO rule_declines": {
      locks: (_, [ruleId, start]: [string, Date]) => [["rule_declines", keyOf(ruleId, start)]],
      run: (view, [ruleId, start, cap]: [string, Date, number]) => {
        const declines = Number(view.get("rule_declines", keyOf(ruleId, start))?.["declines"] ?? 0);
        if (declines >= cap) return 0;
        view.put("rule_declines", keyOf(ruleId, start), { declines: declines + 1 });
        return 1;
      },
    },
    "INSERT INTO rule_interventions (rule_id, action, period_start": {
      locks: (_, [ruleId, start]: [string, Date]) => [["rule_interventions", keyOf(ruleId, start)]],
      run: (view, [ruleId, start]: [string, Date]) => {
        if (view.get("rule_interventions", keyOf(ruleId, start)) !== undefined) return 0;
        view.put("rule_interventions", keyOf(ruleId, start), { ruleId });
        return 1;
      },
    },
  };
}
