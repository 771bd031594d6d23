import type { FraudDecided } from "@holdfast/contracts";
import { decisionIdOf } from "../domain/ids.ts";
import type { ScorerSuite } from "./scorer-suite.ts";

/** Payments that hit often: each of 200 cards pays every two seconds of event time. */
export interface PaymentStream {
  readonly sent: number;
  /** Appends the next payments. */
  send(count: number): Promise<void>;
  /** Appends one payment of the first card, at the time of its first payment. */
  sendLate(id: string): Promise<void>;
  /** The decision that is kept on a payment event. */
  decisionOn(eventId: string): Promise<FraudDecided>;
  /** Records on the decisions' topic so far, repeated ones included. */
  decided(): Promise<number>;
}

const cards = 200;
const start = Date.UTC(2026, 0, 1);

/** A stream of payments into a suite. */
export function createPaymentStream(suite: ScorerSuite): PaymentStream {
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    send: async (count) => {
      const payments = Array.from({ length: count }, (_, index) => {
        const number = sent + index;
        const occurredAt = start + Math.floor(number / cards) * 2_000;
        const fields = { cardFingerprint: `fp_${number % cards}`, paymentId: `pay-${number}` };
        return { id: `event-${number}`, fields: { ...fields, occurredAt } };
      });
      await suite.publish("PaymentRequested", payments);
      sent += count;
    },
    sendLate: async (id) => {
      const fields = { cardFingerprint: "fp_0", paymentId: id, occurredAt: start };
      // Within the horizon of deduplication: an older one would get no decision.
      await suite.publish("PaymentRequested", [{ id, fields }]);
      sent += 1;
    },
    decisionOn: async (eventId) => {
      const { rows } = await suite.database.database.read(
        "SELECT payload FROM decision WHERE decision_id = $1",
        [decisionIdOf(eventId)],
      );
      const payload = rows[0]?.["payload"] as Buffer;
      return suite.codec.decode(suite.topics.decisions, payload).event as FraudDecided;
    },
    decided: async () => {
      const ranges = await suite.admin.offsets(suite.topics.decisions);
      return [...ranges.values()].reduce((sum, { end }) => sum + Number(end), 0);
    },
  };
}
