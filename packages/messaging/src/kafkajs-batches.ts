import { createRequire } from "node:module";
import { systemNow } from "./system.ts";
import { type BatchContext, readRecords } from "./wire/record-batch-reader.ts";
import { type BatchRecord, frameBatch, writeRecords } from "./wire/record-batch-writer.ts";

// The client's way from records to bytes and back makes some dozen buffers and big integers of each
// record; at tens of thousands of records a second that is most of a core. What stands here has the
// same shape as the inner modules of kafkajs 2.2.4 that it replaces (kafkajs-repairs.ts).

/** The client's cursor over received bytes. */
interface ClientReader {
  readonly buffer: Buffer;
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readAll(): Buffer;
  slice(size: number): ClientReader;
  forward(size: number): void;
}

/** The client's growing buffer. */
interface ClientWriter {
  buf: Buffer;
  offset: number;
  readonly buffer: Buffer;
}

interface ClientCodec {
  compress(writer: Pick<ClientWriter, "buffer">): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const require = createRequire(import.meta.url);
const Writer = require("kafkajs/src/protocol/encoder.js") as new () => ClientWriter;
const codecs = require("kafkajs/src/protocol/message/compression/index.js") as {
  lookupCodec(type: number): ClientCodec | null;
  lookupCodecByAttributes(attributes: number): ClientCodec | null;
};
const { KafkaJSPartialMessageError } = require("kafkajs/src/errors.js") as {
  KafkaJSPartialMessageError: new (message: string) => Error;
};

const attribute = { codec: 0x7, appendTime: 0x8, transaction: 0x10, control: 0x20 } as const;

/** Reads the batch at the cursor and moves behind it. Throws the client's own error on a cut one. */
export async function readBatch(outer: ClientReader) {
  const firstOffset = outer.readInt64();
  const length = outer.readInt32();
  const reader = outer.slice(length);
  outer.forward(length);
  if (reader.buffer.length < length) throw new KafkaJSPartialMessageError("The batch is cut off");
  const partitionLeaderEpoch = reader.readInt32();
  // Magic byte and checksum: the client has looked at the one, TCP and the broker at the other.
  reader.forward(5);
  const attributes = reader.readInt16();
  const context: BatchContext = {
    firstOffset: firstOffset.toString(),
    partitionLeaderEpoch,
    lastOffsetDelta: reader.readInt32(),
    firstTimestamp: reader.readInt64().toString(),
    maxTimestamp: reader.readInt64().toString(),
    producerId: reader.readInt64().toString(),
    producerEpoch: reader.readInt16(),
    firstSequence: reader.readInt32(),
    timestampType: (attributes & attribute.appendTime) === 0 ? 0 : 1,
    inTransaction: (attributes & attribute.transaction) !== 0,
    isControlBatch: (attributes & attribute.control) !== 0,
  };
  const count = reader.readInt32();
  const codec = codecs.lookupCodecByAttributes(attributes);
  const bytes = reader.readAll();
  const plain = codec === null || count <= 0 ? bytes : await codec.decompress(bytes);
  return { ...context, records: readRecords(plain, count, context) };
}

/** What the client knows of a batch that it is about to send. */
interface OutgoingBatch {
  readonly compression: number;
  readonly records: readonly BatchRecord[];
  readonly firstTimestamp?: number | string;
  readonly maxTimestamp?: number | string;
  readonly producerId?: { readonly value: bigint } | number;
  readonly producerEpoch?: number;
  readonly firstSequence?: number;
  readonly transactional?: boolean;
}

/** The bytes of a batch, in the client's wrapping. */
export async function writeBatch(batch: OutgoingBatch): Promise<ClientWriter> {
  const { compression, records, producerId = -1 } = batch;
  const now = systemNow();
  const plain = writeRecords(records);
  const codec = codecs.lookupCodec(compression);
  const bytes = codec === null ? plain : await codec.compress({ buffer: plain });
  const header = {
    attributes: (compression & attribute.codec) | (batch.transactional ? attribute.transaction : 0),
    firstTimestamp: Number(batch.firstTimestamp ?? now),
    maxTimestamp: Number(batch.maxTimestamp ?? now),
    producerId: typeof producerId === "number" ? BigInt(producerId) : producerId.value,
    producerEpoch: batch.producerEpoch ?? 0,
    firstSequence: batch.firstSequence ?? 0,
  };
  const writer = new Writer();
  writer.buf = frameBatch(header, bytes, records.length);
  writer.offset = writer.buf.length;
  return writer;
}

/** The client would encode a record here; `writeBatch` does it for all of them at once. */
export function passRecord(record: BatchRecord): BatchRecord {
  return record;
}

interface Keyed {
  readonly partition?: number;
  readonly key: Buffer | string | null;
}

/** The original copies its lists for every record. */
export function groupByPartition<Message extends Keyed, Metadata>(given: {
  readonly topic: string;
  readonly partitionMetadata: readonly Metadata[];
  readonly messages: readonly Message[];
  readonly partitioner: (one: {
    topic: string;
    partitionMetadata: readonly Metadata[];
    message: Message;
  }) => number;
}): Record<number, Message[]> {
  const { topic, partitionMetadata, messages, partitioner } = given;
  const groups: Record<number, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group === undefined) groups[partition] = [message];
    else group.push(message);
  }
  return groups;
}
