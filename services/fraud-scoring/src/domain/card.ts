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
  /** The batch that changed it last; what is committed later includes the change. */
  changedIn: number;
  /** Size in memory, about. */
  bytes: number;
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
    changedIn: 0,
    bytes: 0,
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

const formatVersion = 1;

interface Envelope {
  readonly customerId: string;
  readonly expiresAt: number;
  readonly dueAt: number | undefined;
  readonly hits: readonly HitPayment[];
}

/** Equal cards give equal bytes: version, length of the envelope, envelope, engine state. */
export function encodeCard(card: Card): Buffer {
  const state = card.engine.encode(card.state);
  const expiresAt = Number.isFinite(card.expiresAt) ? card.expiresAt : null;
  const hits = card.hits.map((hit) => [
    hit.eventId,
    hit.paymentId,
    hit.orderId,
    hit.rules,
    hit.label,
  ]);
  const envelope = Buffer.from(
    JSON.stringify([
      card.customerId,
      expiresAt,
      card.dueAt ?? null,
      ...(hits.length ? [hits] : []),
    ]),
  );
  const head = Buffer.allocUnsafe(5);
  head.writeUInt8(formatVersion, 0);
  head.writeUInt32BE(envelope.length, 1);
  return Buffer.concat([head, envelope, state]);
}

/** Reads what `encodeCard` wrote, under this or an earlier rule set. Throws on foreign bytes. */
export function decodeCard(fingerprint: string, bytes: Buffer, engine: Engine): Card {
  if (bytes.length < 5 || bytes.readUInt8(0) !== formatVersion) {
    throw new Error("The stored state of a card has an unknown format");
  }
  const end = 5 + bytes.readUInt32BE(1);
  const envelope = parseEnvelope(bytes.toString("utf8", 5, end));
  return {
    fingerprint,
    engine,
    state: engine.decode(bytes.subarray(end)),
    customerId: envelope.customerId,
    hits: [...envelope.hits],
    dueAt: envelope.dueAt,
    expiresAt: envelope.expiresAt,
    changedIn: 0,
    bytes: sizeInMemory(bytes.length),
  };
}

type StoredHit = [string, string, string | null, string[], 0 | 1 | 2];

function parseEnvelope(text: string): Envelope {
  type Stored = [string, number | null, number | null, StoredHit[]?];
  const [customerId, expiresAt, dueAt, hits = []] = JSON.parse(text) as Stored;
  return {
    customerId,
    expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
    dueAt: dueAt ?? undefined,
    hits: hits.map(([eventId, paymentId, orderId, rules, label]) => ({
      eventId,
      paymentId,
      orderId,
      rules,
      label,
    })),
  };
}

const overheadBytes = 700;

/** Objects take about three times their encoded size, and a card some fixed part besides. */
export function sizeInMemory(encodedBytes: number): number {
  return overheadBytes + 3 * encodedBytes;
}
