import type { Engine, KeyState } from "@holdfast/cep";

/** A payment that rules hit, kept for as long as people may still say whether it was fraud. */
export interface HitPayment {
  readonly eventId: string;
  readonly paymentId: string;
  readonly orderId: string | null;
  /** `id@version` of the rules that hit. */
  readonly rules: readonly string[];
  /** The last word on it: 0 none, 1 fraud, 2 legitimate. */
  label: 0 | 1 | 2;
}

/** Everything the scorer knows of one card. */
export interface Card {
  readonly fingerprint: string;
  /** The rule set that `state` belongs to. */
  engine: Engine;
  state: KeyState;
  /** The customer of the newest payment; empty before it. */
  customerId: string;
  /** Newest last, bounded. */
  hits: HitPayment[];
  /** Event time at which the engine must be woken; undefined when nothing waits. */
  dueAt: number | undefined;
  /** Event time after which the card means nothing. */
  expiresAt: number;
}

const maxHits = 16;

/** A card that was never seen. */
export function newCard(fingerprint: string, engine: Engine): Card {
  return {
    fingerprint,
    engine,
    state: engine.newState(),
    customerId: "",
    hits: [],
    dueAt: undefined,
    expiresAt: Number.POSITIVE_INFINITY,
  };
}

/** Forgets everything: an expired card is one that was never seen. */
export function resetCard(card: Card, engine: Engine): void {
  card.engine = engine;
  card.state = engine.newState();
  card.customerId = "";
  card.hits = [];
  card.dueAt = undefined;
}

/** Remembers a payment that rules hit; the oldest makes room. */
export function rememberHit(card: Card, hit: HitPayment): void {
  if (card.hits.length >= maxHits) card.hits.shift();
  card.hits.push(hit);
}

/** Moves the card's state to the rule set in force; state of unchanged rules is kept. */
export function migrateCard(card: Card, engine: Engine): void {
  if (card.engine === engine) return;
  card.state = engine.decode(card.engine.encode(card.state));
  card.engine = engine;
}

const formatVersion = 2;
/** Version, times, lengths: see `encodeCard`. */
const headBytes = 23;

/**
 * Equal cards give equal bytes. Version (1 byte), the times until which it means something and at
 * which it is due (8 each, NaN for none), length of the customer's id (2) and of the hits (4); then
 * the id, the hits as JSON, and the engine's state.
 */
export function encodeCard(card: Card): Buffer {
  const state = card.engine.encode(card.state);
  const hits = card.hits.length === 0 ? "" : JSON.stringify(card.hits.map(storedHit));
  const customerBytes = Buffer.byteLength(card.customerId);
  const hitsBytes = Buffer.byteLength(hits);
  const bytes = Buffer.allocUnsafe(headBytes + customerBytes + hitsBytes + state.length);
  bytes[0] = formatVersion;
  bytes.writeDoubleBE(Number.isFinite(card.expiresAt) ? card.expiresAt : Number.NaN, 1);
  bytes.writeDoubleBE(card.dueAt ?? Number.NaN, 9);
  bytes.writeUInt16BE(customerBytes, 17);
  bytes.writeUInt32BE(hitsBytes, 19);
  bytes.write(card.customerId, headBytes);
  bytes.write(hits, headBytes + customerBytes);
  bytes.set(state, headBytes + customerBytes + hitsBytes);
  return bytes;
}

/** The times of a card from its bytes alone. Throws on foreign bytes. */
export function timesOf(bytes: Buffer): Pick<Card, "dueAt" | "expiresAt"> {
  if (bytes.length < headBytes || bytes[0] !== formatVersion) {
    throw new Error("The stored state of a card has an unknown format");
  }
  const expiresAt = bytes.readDoubleBE(1);
  const dueAt = bytes.readDoubleBE(9);
  return {
    dueAt: Number.isNaN(dueAt) ? undefined : dueAt,
    expiresAt: Number.isNaN(expiresAt) ? Number.POSITIVE_INFINITY : expiresAt,
  };
}

/** Reads what `encodeCard` wrote, under this or an earlier rule set. Throws on foreign bytes. */
export function decodeCard(fingerprint: string, bytes: Buffer, engine: Engine): Card {
  const times = timesOf(bytes);
  const customerEnd = headBytes + bytes.readUInt16BE(17);
  const hitsEnd = customerEnd + bytes.readUInt32BE(19);
  return {
    fingerprint,
    engine,
    state: engine.decode(bytes.subarray(hitsEnd)),
    customerId: bytes.toString("utf8", headBytes, customerEnd),
    hits: hitsEnd === customerEnd ? [] : readHits(bytes.toString("utf8", customerEnd, hitsEnd)),
    ...times,
  };
}

type StoredHit = [string, string, string | null, readonly string[], 0 | 1 | 2];

function storedHit({ eventId, paymentId, orderId, rules, label }: HitPayment): StoredHit {
  return [eventId, paymentId, orderId, rules, label];
}

function readHits(text: string): HitPayment[] {
  return (JSON.parse(text) as StoredHit[]).map(([eventId, paymentId, orderId, rules, label]) => ({
    eventId,
    paymentId,
    orderId,
    rules,
    label,
  }));
}
