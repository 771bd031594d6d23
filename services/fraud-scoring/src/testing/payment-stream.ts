import type { FraudDecided } from "@holdfast/contracts";
import { waitFor } from "@holdfast/testkit";
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
  /** The bytes of the decision on the newest payment, with another score. */
  forgedDecision(): Promise<Buffer>;
  /** Records on the decisions' topic so far, repeated ones included. */
  decided(): Promise<number>;
}

const cards = 200;
const start = Date.UTC(2026, 0, 1);

/** A stream of payments into a suite. */
export function createPaymentStream(suite: ScorerSuite): PaymentStream {
  let sent = 0;
  const decisionOn = async (eventId: string) => {
    const { rows } = await suite.database.database.read(
      "SELECT payload FROM decision WHERE decision_id = $1",
      [decisionIdOf(eventId)],
    );
    const payload = rows[0]?.["payload"] as Buffer;
    return suite.codec.decode(suite.topics.decisions, payload).event as FraudDecided;
  };
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
      // A broker that is just back may refuse; what is sent twice under its id counts once.
      await waitFor(() => suite.publish("PaymentRequested", payments).then(() => true), {
        limitMs: 60_000,
        everyMs: 200,
        what: "payments are sent",
      });
      sent += count;
    },
    sendLate: async (id) => {
      const fields = { cardFingerprint: "fp_0", paymentId: id, occurredAt: start };
      // Within the horizon of deduplication: an older one would get no decision.
      await suite.publish("PaymentRequested", [{ id, fields }]);
      sent += 1;
    },
    decisionOn,
    forgedDecision: async () => {
      const decision = await decisionOn(`event-${sent - 1}`);
      return suite.codec.encode("fraud-decisions", "FraudDecided", { ...decision, score: 99 });
    },
    decided: async () => {
      const ranges = await suite.admin.offsets(suite.topics.decisions);
      return [...ranges.values()].reduce((sum, { end }) => sum + Number(end), 0);
    },
  };
}
