import {
  counter,
  currentTraceHeaders,
  currentTraceId,
  gauge,
  histogram,
  type Logger,
  type SpanName,
  withSpan,
} from "@holdfast/telemetry";
import type {
  CompressionTypes as Compression,
  Message as KafkaMessage,
  Producer as KafkaProducer,
  RecordMetadata,
} from "kafkajs";
import { PermanentError, TransientError } from "./errors.ts";
import { type KafkaClient, requestTimeoutMs } from "./kafka.ts";
import { CompressionTypes, Partitioners } from "./kafkajs.ts";
import { partitionOfKey } from "./wire/murmur2.ts";

export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string | Buffer | null;
  readonly value: Buffer | null;
  /** The active trace is added when traceparent is missing. */
  readonly headers?: Readonly<Record<string, string | Buffer>>;
  /** Default: by the key's murmur2 hash, as every Java client does. */
  readonly partition?: number;
}

/** Where a record lies. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

export interface Producer {
  readonly name: string;
  /** Connects in the background; sending connects as well. */
  start(): Promise<void>;
  /**
   * Appends records. Resolves with their positions, in the order given, when all in-sync replicas
   * have them. A rejection leaves open whether they are on the log: send them again with the same
   * ids. Records of one partition keep the order of the calls, as long as no call rejects.
   * Rejects with ProducerOverloaded (transient) at once when too much is queued, and with
   * UnsendableRecord (permanent) when a record's parts are not of the types that they claim.
   */
  send(records: readonly OutgoingRecord[]): Promise<Position[]>;
  /** Sends what is queued, then disconnects. Idempotent. */
  stop(): Promise<void>;
  readonly queuedRecords: number;
}

export interface ProducerOptions {
  readonly kafka: KafkaClient;
  readonly logger: Logger;
  /**
   * Default none. With zstd, requests that are not small are packed, off the main thread: for large
   * records that repeat each other. A reader then gets several times what it asks the broker for.
   */
  readonly compression?: "none" | "zstd";
  /** Bytes that may wait for the outstanding request; default 32 MiB. */
  readonly maxQueuedBytes?: number;
}

/** The brokers are slower than the callers; nothing of this call was sent. */
export class ProducerOverloaded extends TransientError {
  override readonly name = "ProducerOverloaded";
}

/** A record is larger than the topic takes. */
export class RecordTooLarge extends PermanentError {
  override readonly name = "RecordTooLarge";
}

/** A record that no request can carry: a bug of the caller, and nothing of the call was sent. */
export class UnsendableRecord extends PermanentError {
  override readonly name = "UnsendableRecord";
}

/** A producer with one outstanding request; see the class. */
export function createProducer(options: ProducerOptions): Producer {
  return new QueueingProducer(options);
}

/** One partition's batch is closed at this many bytes: below the broker's default message.max.bytes. */
const maxBatchBytes = 900_000;
/** A request carries batches of many partitions. */
const maxRequestBytes = 6_000_000;
/** Smaller batches gain too little. */
const minPackedBytes = 16_000;
const sent = counter("messages_sent_total");
const failures = counter("message_send_failures_total");
const duration = histogram("message_send_duration_seconds");
const queueLength = gauge("producer_queue_records");

interface Call {
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  readonly resolve: (positions: Position[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Calls queue while a request is outstanding; the next request carries all that queued meanwhile.
 * One outstanding request, because with several a lost acknowledgement reorders, and in the
 * client's idempotent mode loses and doubles records. The latency of an idle producer is that of
 * one request; under load the batches grow by themselves.
 *
 * States: idle ⇄ sending; stop waits for idle.
 */
class QueueingProducer implements Producer {
  readonly name = "producer";
  readonly #client: KafkaProducer;
  readonly #logger: Logger;
  readonly #compression: Compression;
  readonly #maxQueuedBytes: number;
  /** How many partitions each topic has, as the client's metadata said last. */
  readonly #partitionCounts = new Map<string, number>();
  #queue: Call[] = [];
  #queuedBytes = 0;
  #queuedRecords = 0;
  #sending: Promise<void> | undefined;
  #connecting: Promise<void> | undefined;

  constructor({ kafka, logger, compression, maxQueuedBytes }: ProducerOptions) {
    this.#logger = logger;
    this.#compression = compression === "zstd" ? CompressionTypes.ZSTD : CompressionTypes.None;
    this.#maxQueuedBytes = maxQueuedBytes ?? 32 * 1024 * 1024;
    this.#client = kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      createPartitioner: () => this.#rememberCounts(Partitioners.DefaultPartitioner()),
    });
  }

  get queuedRecords(): number {
    return this.#queuedRecords;
  }

  async start(): Promise<void> {
    this.#connect().catch((err: unknown) => {
      this.#logger.warn({ err }, "The producer could not connect yet.");
    });
  }

  async send(records: readonly OutgoingRecord[]): Promise<Position[]> {
    if (records.length === 0) return [];
    for (const record of records) checkSendable(record);
    if (currentTraceId() === undefined) return this.#enqueue(records);
    const topic = records[0]?.topic ?? "";
    return withSpan(
      `send ${topic}` satisfies SpanName,
      {
        kind: "producer",
        attributes: {
          "messaging.system": "kafka",
          "messaging.operation.type": "send",
          "messaging.operation.name": "send",
          "messaging.destination.name": topic,
          "messaging.batch.message_count": records.length,
        },
      },
      () => this.#enqueue(withTrace(records)),
    );
  }

  #enqueue(records: readonly OutgoingRecord[]): Promise<Position[]> {
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > this.#maxQueuedBytes) {
      return Promise.reject(new ProducerOverloaded(`${this.#queuedBytes} bytes wait to be sent`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Position[]>();
    this.#queue.push({ records, bytes, resolve, reject });
    this.#count(records.length, bytes);
    this.#sending ??= this.#sendQueue().finally(() => {
      this.#sending = undefined;
    });
    return promise;
  }

  async #sendQueue(): Promise<void> {
    // Calls of the same turn of the event loop share the first request.
    await undefined;
    while (this.#queue.length > 0) {
      const calls = this.#nextCalls();
      try {
        await this.#connect();
        const positions = await this.#request(calls.flatMap(({ records }) => records));
        let from = 0;
        for (const { records, resolve } of calls) {
          resolve(positions.slice(from, from + records.length));
          from += records.length;
        }
      } catch (error) {
        failures.add(1);
        for (const { reject } of calls) reject(sendError(error));
      }
      for (const { records, bytes } of calls) this.#count(-records.length, -bytes);
    }
  }

  /** As many whole calls as fit one request, but at least one. */
  #nextCalls(): Call[] {
    let bytes = 0;
    let count = 0;
    for (const call of this.#queue) {
      bytes += call.bytes;
      if (count > 0 && bytes > maxRequestBytes) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** One call may be larger than one request: its chunks go one after another. */
  async #request(records: readonly OutgoingRecord[]): Promise<Position[]> {
    const positions: Position[] = [];
    for (const chunk of chunks(records.map((record) => this.#toMessage(record)))) {
      for (const position of await this.#sendChunk(chunk)) positions.push(position);
    }
    return positions;
  }

  /** With its partition where the topic's number of partitions is known: from the second request on. */
  #toMessage({ topic, key, value, headers, partition }: OutgoingRecord): TopicMessage {
    const count = this.#partitionCounts.get(topic);
    const chosen =
      partition ?? (key === null || count === undefined ? undefined : partitionOfKey(key, count));
    const message: { -readonly [Part in keyof TopicMessage]: TopicMessage[Part] } = {
      topic,
      key,
      value,
    };
    if (headers !== undefined) message.headers = headers as Record<string, string | Buffer>;
    if (chosen !== undefined) message.partition = chosen;
    return message;
  }

  async #sendChunk({ messages, bytes }: Chunk): Promise<Position[]> {
    const byTopic = Map.groupBy(messages, ({ topic }) => topic);
    const startedAt = performance.now();
    const answer = await this.#client.sendBatch({
      acks: -1,
      timeout: requestTimeoutMs,
      compression: bytes < minPackedBytes ? CompressionTypes.None : this.#compression,
      topicMessages: [...byTopic].map(([topic, list]) => ({ topic, messages: list })),
    });
    duration.record((performance.now() - startedAt) / 1000);
    for (const [topic, list] of byTopic) sent.add(list.length, { topic });
    return positionsOf(messages, answer);
  }

  // The client does not say which partition it chose, and positions need it.
  #rememberCounts(
    choose: ReturnType<typeof Partitioners.DefaultPartitioner>,
  ): ReturnType<typeof Partitioners.DefaultPartitioner> {
    return (args) => {
      this.#partitionCounts.set(args.topic, args.partitionMetadata.length);
      const partition = choose(args);
      args.message.partition = partition;
      return partition;
    };
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#client.connect().catch((error: unknown) => {
      this.#connecting = undefined;
      throw error;
    });
    return this.#connecting;
  }

  #count(records: number, bytes: number): void {
    this.#queuedRecords += records;
    this.#queuedBytes += bytes;
    queueLength.set(this.#queuedRecords);
  }

  async stop(): Promise<void> {
    await this.#sending;
    await this.#connecting?.catch(() => undefined);
    this.#connecting = undefined;
    await this.#client.disconnect();
  }
}

interface TopicMessage extends KafkaMessage {
  readonly topic: string;
}

interface Chunk {
  readonly messages: readonly TopicMessage[];
  readonly bytes: number;
}

/** Cut where a partition's batch or the whole request would become too large. */
function* chunks(all: readonly TopicMessage[]): Generator<Chunk> {
  let messages: TopicMessage[] = [];
  let bytes = 0;
  let batches = new Map<string, Map<number, number>>();
  for (const message of all) {
    const size = sizeOf(message);
    const { topic, partition = -1 } = message;
    const inBatch = batches.get(topic)?.get(partition) ?? 0;
    const isFull = bytes + size > maxRequestBytes || inBatch + size > maxBatchBytes;
    if (isFull && messages.length > 0) {
      yield { messages, bytes };
      messages = [];
      bytes = 0;
      batches = new Map();
    }
    messages.push(message);
    bytes += size;
    const ofTopic = batches.get(topic) ?? new Map<number, number>();
    ofTopic.set(partition, (ofTopic.get(partition) ?? 0) + size);
    batches.set(topic, ofTopic);
  }
  yield { messages, bytes };
}

/** The answer has one base offset per partition; within it the order is ours. */
function positionsOf(
  messages: readonly TopicMessage[],
  answer: readonly RecordMetadata[],
): Position[] {
  const next = new Map<string, Map<number, number>>();
  for (const { topicName, partition, baseOffset } of answer) {
    const ofTopic = next.get(topicName) ?? new Map<number, number>();
    next.set(topicName, ofTopic.set(partition, Number(baseOffset ?? -1)));
  }
  return messages.map(({ topic, partition = -1 }) => {
    const ofTopic = next.get(topic);
    const offset = ofTopic?.get(partition) ?? -1;
    ofTopic?.set(partition, offset + 1);
    return { topic, partition, offset: String(offset) };
  });
}

function sizeOf({ key, value, headers }: Pick<KafkaMessage, "key" | "value" | "headers">): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0) + 64;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}

// The client would throw a TypeError in the middle of a request that other callers share, and it would
// look like a broker's failure, to be tried again for ever.
function checkSendable({ topic, key, value, headers = {}, partition }: OutgoingRecord): void {
  const isBytes = (part: unknown) => typeof part === "string" || Buffer.isBuffer(part);
  const refuse = (part: string) => {
    throw new UnsendableRecord(`A record for ${topic || "no topic"} has an unusable ${part}`);
  };
  if (typeof topic !== "string" || topic === "") refuse("topic");
  if (key !== null && !isBytes(key)) refuse("key");
  if (value !== null && !Buffer.isBuffer(value)) refuse("value");
  for (const name in headers) if (!isBytes(headers[name])) refuse(`header ${name}`);
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
    refuse("partition");
  }
}

function withTrace(records: readonly OutgoingRecord[]): OutgoingRecord[] {
  const trace = currentTraceHeaders();
  return records.map((record) =>
    record.headers?.["traceparent"] === undefined
      ? { ...record, headers: { ...record.headers, ...trace } }
      : record,
  );
}

function sendError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const type = "type" in error ? error.type : undefined;
  if (type === "MESSAGE_TOO_LARGE" || type === "RECORD_LIST_TOO_LARGE") {
    return new RecordTooLarge("The broker refuses a record of this size", { cause: error });
  }
  return new TransientError(`Sending failed: ${error.message}`, { cause: error });
}
