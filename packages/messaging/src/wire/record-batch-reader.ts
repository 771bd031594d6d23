/** What the records of a batch have in common. */
export interface BatchContext {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly partitionLeaderEpoch: number;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  /** 1 when the broker's time of appending stands for all of them; 0 when each has its sender's. */
  readonly timestampType: 0 | 1;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
}

type HeaderPart = Buffer | null;

/**
 * One fetched record, in the shape that the client hands on. Headers are read when they are asked
 * for: most readers want one of them, or none.
 */
export class FetchedRecord {
  readonly magicByte = 2;
  readonly attributes = 0;
  readonly offsetNumber: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly batchContext: BatchContext;
  readonly #headers: Buffer;

  constructor(
    place: {
      readonly context: BatchContext;
      readonly offset: number;
      readonly timestampMs: number;
    },
    content: { readonly key: Buffer | null; readonly value: Buffer | null },
    headers: Buffer,
  ) {
    this.offsetNumber = place.offset;
    this.timestampMs = place.timestampMs;
    this.batchContext = place.context;
    this.key = content.key;
    this.value = content.value;
    this.#headers = headers;
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch;
  }

  get offset(): string {
    return String(this.offsetNumber);
  }

  get timestamp(): string {
    return String(this.timestampMs);
  }

  /** As the client gives them: a header that was sent several times is a list. */
  get headers(): Record<string, HeaderPart | HeaderPart[]> {
    const headers = emptyHeaders<HeaderPart | HeaderPart[]>();
    eachHeader(this.#headers, (name, start, end) => {
      const part = end < start ? null : this.#headers.subarray(start, end);
      const before = headers[name];
      headers[name] =
        before === undefined ? part : Array.isArray(before) ? [...before, part] : [before, part];
    });
    return headers;
  }

  /** As text; of a header that was sent several times the last, and none that has no value. */
  get textHeaders(): Record<string, string> {
    const headers = emptyHeaders<string>();
    eachHeader(this.#headers, (name, start, end) => {
      if (end >= start) headers[name] = this.#headers.toString("utf8", start, end);
    });
    return headers;
  }
}

/** Inherits nothing: a sender may call a header "constructor" or "__proto__". */
export function emptyHeaders<T>(): Record<string, T> {
  return Object.create(null);
}

function eachHeader(bytes: Buffer, use: (name: string, start: number, end: number) => void): void {
  const reader = new VarintReader(bytes);
  for (let left = reader.varint(); left > 0; left -= 1) {
    const nameSize = reader.varint();
    const name = bytes.toString("utf8", reader.at, reader.at + nameSize);
    reader.at += nameSize;
    const size = reader.varint();
    use(name, reader.at, reader.at + size);
    reader.at += Math.max(size, 0);
  }
}

/** Walks over bytes; every read is checked, so that cut bytes end in a RangeError. */
class VarintReader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new RangeError("The record ends in the middle");
    this.at += 1;
    return byte;
  }

  /** Zigzag, seven bits a byte, at most 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new RangeError("A length has too many digits");
  }

  /** The same up to 2^53, for time stamps' distances. */
  varlong(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new RangeError("A time stamp has too many digits");
  }

  part(): Buffer | null {
    const size = this.varint();
    if (size < 0) return null;
    const start = this.at;
    this.at += size;
    if (this.at > this.bytes.length) throw new RangeError("The record ends in the middle");
    return this.bytes.subarray(start, this.at);
  }
}

/** Reads `count` records, one after the other, from the batch's decompressed bytes. */
export function readRecords(bytes: Buffer, count: number, context: BatchContext): FetchedRecord[] {
  const reader = new VarintReader(bytes);
  const firstOffset = Number(context.firstOffset);
  const firstTimestamp = Number(context.firstTimestamp);
  const appendedAt = context.timestampType === 1 ? Number(context.maxTimestamp) : undefined;
  const records: FetchedRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const size = reader.varint();
    const end = reader.at + size;
    reader.at += 1;
    const timestampMs = firstTimestamp + reader.varlong();
    const offset = firstOffset + reader.varint();
    const content = { key: reader.part(), value: reader.part() };
    const place = { context, offset, timestampMs: appendedAt ?? timestampMs };
    records.push(new FetchedRecord(place, content, bytes.subarray(reader.at, end)));
    reader.at = end;
  }
  return records;
}
