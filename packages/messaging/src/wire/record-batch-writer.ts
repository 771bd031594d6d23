import { crc32c } from "./crc32c.ts";

/** A record as the batch carries it. */
export interface BatchRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;
  /** Milliseconds after the batch's first time stamp. */
  readonly timestampDelta: number;
}

type HeaderValue = Buffer | string;

/** The fields of a batch's header that are not derived from its records. */
export interface BatchHeader {
  /** The low three bits name the codec; bit 4 marks a transaction. */
  readonly attributes: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
}

const headerBytes = 61;
const magic = 2;

/**
 * The records of a batch, one after the other: lengths are known before a byte is written, so all
 * of them go into one buffer. https://kafka.apache.org/documentation/#record
 */
export function writeRecords(records: readonly BatchRecord[]): Buffer {
  const writer = new RecordWriter(records);
  return writer.write();
}

/** A whole batch, version 2: header and records, which may be compressed as a whole. */
export function frameBatch(header: BatchHeader, records: Buffer, count: number): Buffer {
  const batch = Buffer.allocUnsafe(headerBytes + records.length);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(headerBytes - 12 + records.length, 8);
  batch.writeInt32BE(0, 12);
  batch.writeInt8(magic, 16);
  batch.writeInt16BE(header.attributes, 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(header.firstTimestamp), 27);
  batch.writeBigInt64BE(BigInt(header.maxTimestamp), 35);
  batch.writeBigInt64BE(header.producerId, 43);
  batch.writeInt16BE(header.producerEpoch, 51);
  batch.writeInt32BE(header.firstSequence, 53);
  batch.writeInt32BE(count, 57);
  records.copy(batch, headerBytes);
  // Covers everything after itself.
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}

/** Two passes over the records: sizes, then bytes. */
class RecordWriter {
  readonly #records: readonly BatchRecord[];
  /** Of each record: the size of its body. */
  readonly #sizes: number[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(records: readonly BatchRecord[]) {
    this.#records = records;
  }

  write(): Buffer {
    const records = this.#records;
    let total = 0;
    // Not entries(): this runs for every record that is sent, and pairs would be garbage.
    for (let index = 0; index < records.length; index += 1) {
      const size = bodySize(records[index] as BatchRecord, index);
      this.#sizes.push(size);
      total += varintSize(size) + size;
    }
    this.#bytes = Buffer.allocUnsafe(total);
    for (let index = 0; index < records.length; index += 1) {
      this.#record(records[index] as BatchRecord, index);
    }
    return this.#bytes;
  }

  #record({ key, value, headers, timestampDelta }: BatchRecord, index: number): void {
    this.#varint(this.#sizes[index] as number);
    this.#bytes[this.#at++] = 0;
    this.#varint(timestampDelta);
    this.#varint(index);
    this.#part(key);
    this.#part(value);
    this.#varint(headerCount(headers));
    for (const name in headers) {
      const parts = headers[name];
      if (!Array.isArray(parts)) this.#header(name, parts as HeaderValue | undefined);
      else for (const part of parts) this.#header(name, part);
    }
  }

  #header(name: string, part: HeaderValue | undefined): void {
    this.#part(name);
    this.#part(part ?? null);
  }

  #part(part: Buffer | string | null): void {
    if (part === null) {
      this.#varint(-1);
    } else if (typeof part === "string") {
      const size = Buffer.byteLength(part);
      this.#varint(size);
      this.#at += this.#bytes.write(part, this.#at, size, "utf8");
    } else {
      this.#varint(part.length);
      this.#bytes.set(part, this.#at);
      this.#at += part.length;
    }
  }

  /** Zigzag, seven bits a byte; `value` fits 32 bits. */
  #varint(value: number): void {
    let rest = (value << 1) ^ (value >> 31);
    while ((rest & ~0x7f) !== 0) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }
}

function bodySize({ key, value, headers, timestampDelta }: BatchRecord, index: number): number {
  let size = 1 + varintSize(timestampDelta) + varintSize(index) + partSize(key) + partSize(value);
  size += varintSize(headerCount(headers));
  for (const name in headers) {
    const parts = headers[name];
    if (!Array.isArray(parts)) size += headerSize(name, parts as HeaderValue | undefined);
    else for (const part of parts) size += headerSize(name, part);
  }
  return size;
}

function headerSize(name: string, part: HeaderValue | undefined): number {
  return partSize(name) + partSize(part ?? null);
}

function partSize(part: Buffer | string | null): number {
  if (part === null) return 1;
  const size = typeof part === "string" ? Buffer.byteLength(part) : part.length;
  return varintSize(size) + size;
}

function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

function headerCount(headers: BatchRecord["headers"]): number {
  let count = 0;
  for (const name in headers) {
    const parts = headers[name];
    count += Array.isArray(parts) ? parts.length : 1;
  }
  return count;
}
