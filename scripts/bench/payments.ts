import { type Codec, header, type OutgoingRecord } from "@holdfast/messaging";

/** A stream of made-up payments, the same for the same seed. */
export interface PaymentSource {
  /** The record of payment `index`, which happens at `occurredAt`. */
  record(index: number, occurredAt: number): OutgoingRecord;
}

/** Payments of `cards` cards, most of them small; ids begin with `name`. */
export function createPayments(options: {
  codec: Pick<Codec, "encode">;
  topic: string;
  cards: number;
  name: string;
  /** With a trace each, sampled or not, and the time of its outbox row, as payment publishes them. */
  trace?: "sampled" | "unsampled" | undefined;
}): PaymentSource {
  const { codec, topic, cards, name, trace } = options;
  const random = mulberry32(7);
  return {
    record: (index, occurredAt) => {
      const card = Math.floor(random() * cards);
      const cardFingerprint = `fp_v1_${String(card).padStart(32, "0")}`;
      const amountMinor = 100 + Math.floor(12_000 * random() ** 3);
      const id = `${name}-${String(index).padStart(12, "0")}`;
      const value = codec.encode("card-activity", "PaymentRequested", {
        paymentId: id,
        orderId: null,
        customerId: `cust_${card}`,
        cardFingerprint,
        merchantId: `merchant_${Math.floor(random() * 500)}`,
        amountMinor,
        currency: "USD",
        baseAmountMinor: amountMinor,
        baseCurrency: "USD",
        cardBrand: "visa",
        cardFirst6: "400000",
        cardLast4: "0002",
        occurredAt,
      });
      const headers = {
        id,
        eventType: "PaymentRequested",
        ...(trace !== undefined && {
          [header.traceparent]: traceparent(index, trace === "sampled"),
          [header.createdAt]: new Date(occurredAt).toISOString(),
        }),
      };
      return { topic, key: cardFingerprint, value, headers };
    },
  };
}

function traceparent(index: number, isSampled: boolean): string {
  const id = (index + 1).toString(16);
  return `00-${id.padStart(32, "0")}-${id.padStart(16, "0")}-${isSampled ? "01" : "00"}`;
}

/** A small generator of numbers in [0, 1): the same sequence for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
