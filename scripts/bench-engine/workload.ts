import { type Stream, type StreamEvent, toEvent } from "@holdfast/cep";

export interface Transaction {
  readonly key: string;
  readonly event: StreamEvent;
}

export interface WorkloadOptions {
  readonly transactions: number;
  readonly cards: number;
  /** Event time from the first to the last transaction. */
  readonly spanMs: number;
  /** Share of transactions that arrive late, by up to `boundMs`. */
  readonly outOfOrder: number;
  readonly boundMs: number;
  readonly seed: number;
}

/** mulberry32: small, seeded, good enough for loads. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Card numbers Zipf-distributed (exponent 1): a few cards pay most of the time. */
function zipf(cards: number, random: () => number): () => number {
  const sums = new Float64Array(cards);
  let total = 0;
  for (let i = 0; i < cards; i++) {
    total += 1 / (i + 1);
    sums[i] = total;
  }
  return () => {
    const target = random() * total;
    let low = 0;
    let high = cards - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Amounts in minor units, log-normal around $35, as card payments are. */
function amount(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(50, Math.round(3_500 * Math.exp(normal)));
}

/** Mostly one of a few shops, now and then any other. */
function merchantOf(card: number, random: () => number): string {
  const usual = random() < 0.98;
  const shop = usual ? (card % 500) + Math.floor(random() * 2) : Math.floor(random() * 2_000);
  return `m-${shop}`;
}

/** A text in one piece, as a decoder gives it; a template's is two halves until somebody reads it. */
function decoded(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

/** Parsed transactions in order of arrival; the same seed gives the same load. */
export function makeWorkload(stream: Stream, options: WorkloadOptions): readonly Transaction[] {
  const random = randomFrom(options.seed);
  const card = zipf(options.cards, random);
  const keys = Array.from(
    { length: options.cards },
    (_, i) => `fp_v1_${String(i).padStart(12, "0")}`,
  );
  const start = Date.UTC(2026, 0, 1);
  const arrivals = Array.from({ length: options.transactions }, (_, i) => {
    const at = Math.floor(start + (i / options.transactions) * options.spanMs);
    const delay = random() < options.outOfOrder ? random() * options.boundMs : 0;
    return { at, arrival: at + delay, i };
  });
  arrivals.sort((a, b) => a.arrival - b.arrival || a.i - b.i);
  return arrivals.map(({ at, i }) => {
    const number = card();
    const key = keys[number] ?? "";
    const id = decoded(`01939c00-0000-7000-8000-${i.toString(16).padStart(12, "0")}`);
    const fields = {
      cardFingerprint: key,
      amount: amount(random),
      merchantId: merchantOf(number, random),
    };
    return { key, event: toEvent(stream, { id, type: "payment", at, fields }) };
  });
}
