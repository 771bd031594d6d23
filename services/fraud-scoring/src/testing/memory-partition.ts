import type { EventName, Events, EventsOn } from "@holdfast/contracts";
import type { AssignedPartition, Codec, IncomingRecord, OutgoingRecord } from "@holdfast/messaging";
import { buildEvent, jsonCodec } from "@holdfast/testkit";
import {
  allUpTo,
  type PartitionStore,
  type Position,
  type StateChange,
  type TakenOver,
} from "../store/partition-store.ts";

/** JSON in place of Avro, in the shape that the scorer wants. */
export const testCodec = {
  encode: jsonCodec.encode,
  decode: (_topic: string, value: Buffer) => ({ ...jsonCodec.decode(value), schemaId: 1 }),
  ensureWriter: async () => undefined,
  schemaId: () => 1,
} as unknown as Codec;

type ActivityName = EventsOn<"card-activity">;

/** One partition of card-activity in memory. */
export class MemoryLog {
  readonly records: IncomingRecord[] = [];
  readonly partition: number;
  /** What the consumer group remembers. */
  committedOffset = 0;

  constructor(partition = 0) {
    this.partition = partition;
  }

  /** Appends an event; its time of appending is the event's own unless given. */
  append<K extends ActivityName>(
    type: K,
    fields: Partial<Events[K]>,
    at: { id: string; appendedAt?: number; headers?: Record<string, string> },
  ): void {
    const event = buildEvent(type, fields);
    const key = "cardFingerprint" in event ? event.cardFingerprint : `partition-${this.partition}`;
    this.appendRaw({
      key,
      value: jsonCodec.encode("card-activity", type as EventName, event as Events[EventName]),
      headers: { id: at.id, eventType: type, ...at.headers },
      appendedAt: at.appendedAt ?? event.occurredAt,
    });
  }

  appendRaw(raw: {
    key: string | null;
    value: Buffer | null;
    headers?: Record<string, string>;
    appendedAt: number;
  }): void {
    const headers = raw.headers ?? {};
    this.records.push({
      topic: "card-activity",
      partition: this.partition,
      offset: String(this.records.length),
      key: raw.key === null ? null : Buffer.from(raw.key),
      value: raw.value,
      headers,
      rawHeaders: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]),
      ),
      timestampMs: raw.appendedAt,
    });
  }

  /** Appends the newest record once more, as a producer that tries again does. */
  repeat(): void {
    const newest = this.records.at(-1);
    if (newest !== undefined) this.records.push({ ...newest, offset: String(this.records.length) });
  }

  /** A stay of a process with this partition; ends by itself when everything is read, or by `end`. */
  stay(options: { batchRecords?: number; endWhenRead?: boolean } = {}): MemoryStay {
    return new MemoryStay(this, options);
  }
}

/** A stay over a MemoryLog. */
export class MemoryStay implements AssignedPartition {
  readonly topic = "card-activity";
  readonly #log: MemoryLog;
  readonly #batchRecords: number;
  readonly #endWhenRead: boolean;
  readonly #end = new AbortController();
  #position: number;
  #wake: (() => void) | undefined;

  constructor(log: MemoryLog, options: { batchRecords?: number; endWhenRead?: boolean }) {
    this.#log = log;
    this.#batchRecords = options.batchRecords ?? 100;
    this.#endWhenRead = options.endWhenRead ?? true;
    this.#position = log.committedOffset;
  }

  get partition(): number {
    return this.#log.partition;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get endOffset(): string {
    return String(this.#log.records.length);
  }

  async take(maxRecords: number): Promise<readonly IncomingRecord[]> {
    const taken = this.takeQueued(maxRecords);
    if (taken.length > 0 || this.signal.aborted) return taken;
    if (this.#endWhenRead) {
      this.end("stopping");
      return [];
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    return this.takeQueued(maxRecords);
  }

  takeQueued(maxRecords: number): readonly IncomingRecord[] {
    if (this.signal.aborted) return [];
    const end = this.#position + Math.min(maxRecords, this.#batchRecords);
    const taken = this.#log.records.slice(this.#position, end);
    this.#position += taken.length;
    return taken;
  }

  commit(nextOffset: string): void {
    this.#log.committedOffset = Number(nextOffset);
  }

  seek(offset: string): void {
    this.#position = Number(offset);
  }

  /** Says that records were appended. */
  wake(): void {
    this.#wake?.();
  }

  end(reason: "lost" | "stopping"): void {
    this.#end.abort(reason);
    this.#wake?.();
  }
}

/** Topics that outputs go to, in memory; deliveries may repeat. */
export class MemoryTopics {
  readonly sent: OutgoingRecord[] = [];

  async send(records: readonly OutgoingRecord[]) {
    this.sent.push(...records);
    return [];
  }

  /** Distinct records as text, sorted: what a consumer that drops duplicates ends up with. */
  distinct(): string[] {
    const texts = this.sent.map(({ topic, key, value, headers }) => {
      const plain = Object.entries(headers ?? {}).map(([name, text]) => `${name}=${text}`);
      return [topic, key, plain.sort().join(), value?.toString() ?? ""].join(" ");
    });
    return [...new Set(texts)].sort();
  }

  ofType(type: EventName): Record<string, unknown>[] {
    return this.sent
      .filter(({ headers }) => headers?.["eventType"] === type)
      .map(
        ({ value }) =>
          jsonCodec.decode(value as Buffer).event as unknown as Record<string, unknown>,
      );
  }
}

interface StoredRow {
  state: Buffer;
  nextTimerAt: number | null;
  forgetAfter: number;
}

/** The store's contract in memory, for tests with many seeds. */
export class MemoryStore implements PartitionStore {
  readonly cards = new Map<string, StoredRow>();
  readonly quality = new Map<string, [number, number, number]>();
  readonly decisions = new Map<string, Buffer>();
  /** How often something was loaded. */
  loads = 0;
  #position: TakenOver = { epoch: 0, nextOffset: 0, watermark: null, ruleset: null };

  async takeOver(): Promise<TakenOver> {
    this.#position = { ...this.#position, epoch: this.#position.epoch + 1 };
    return this.#position;
  }

  async load({ cards, dueUpTo, dueAfter, maxDue }: Parameters<PartitionStore["load"]>[0]) {
    this.loads += 1;
    const due = [...this.cards]
      .filter(
        ([, { nextTimerAt: at }]) =>
          at !== null && at <= (dueUpTo ?? -Infinity) && at > (dueAfter ?? -Infinity),
      )
      .sort(([a, x], [b, y]) => (x.nextTimerAt ?? 0) - (y.nextTimerAt ?? 0) || (a < b ? -1 : 1))
      .slice(0, maxDue);
    const wanted = cards.flatMap((card) => {
      const row = this.cards.get(card);
      return row === undefined ? [] : [{ card, state: row.state }];
    });
    const { epoch, nextOffset } = this.#position;
    const times = due.map(([, { nextTimerAt }]) => nextTimerAt ?? 0);
    const dueCards = due.map(([card, { state }]) => ({ card, state }));
    return {
      epoch,
      nextOffset,
      cards: [...wanted, ...dueCards],
      allDueUpTo: allUpTo(times, dueUpTo, maxDue),
    };
  }

  async write(change: StateChange): Promise<boolean> {
    const { epoch, nextOffset } = this.#position;
    if (change.epoch !== epoch || change.fromOffset !== nextOffset) return false;
    this.#position = {
      epoch,
      nextOffset: change.nextOffset,
      watermark: change.watermark,
      ruleset: change.ruleset ?? this.#position.ruleset,
    };
    for (const { card, state, ...row } of change.cards) {
      this.cards.set(card, { ...row, state: Buffer.from(state, "latin1") });
    }
    for (const { decisionId, payload } of change.decisions) this.decisions.set(decisionId, payload);
    for (const { ruleId, hits, confirmed, refuted } of change.quality) {
      const [h, c, r] = this.quality.get(ruleId) ?? [0, 0, 0];
      this.quality.set(ruleId, [h + hits, c + confirmed, r + refuted]);
    }
    return true;
  }

  async durable(positions: readonly Position[]) {
    const reached = positions.filter(({ nextOffset }) => nextOffset <= this.#position.nextOffset);
    return new Set(reached.map(({ partition }) => partition));
  }

  async position() {
    return this.#position;
  }

  /** Everything but the epoch, which counts crashes. */
  picture() {
    const { epoch: _, ...position } = this.#position;
    const cards = [...this.cards].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      position: { ...position, ruleset: position.ruleset?.generation },
      cards: cards.map(([card, { state, ...row }]) => ({ card, state: state.toString(), ...row })),
      quality: [...this.quality].sort(),
      decisions: [...this.decisions.keys()].sort(),
    };
  }
}
