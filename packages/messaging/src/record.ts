import type { KafkaMessage } from "kafkajs";
import { emptyHeaders, FetchedRecord } from "./wire/record-batch-reader.ts";

/** Header bytes as they came; a header that was sent several times keeps its last value. */
export type RawHeaders = Readonly<Record<string, Buffer>>;

/** One record as it lies on the log. */
export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  /** Decimal digits. */
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Decoded as UTF-8 on first use. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: RawHeaders;
  /** Milliseconds since the epoch: creation or append time, as the topic says. */
  readonly timestampMs: number;
}

/** The client's message as an IncomingRecord. Decodes headers only when asked: hot loops do not. */
export class KafkaRecord implements IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly #message: KafkaMessage;
  #headers: Record<string, string> | undefined;

  constructor(topic: string, partition: number, message: KafkaMessage) {
    this.topic = topic;
    this.partition = partition;
    this.#message = message;
  }

  get offset(): string {
    return this.#message.offset;
  }

  get key(): Buffer | null {
    return this.#message.key;
  }

  get value(): Buffer | null {
    return this.#message.value;
  }

  get timestampMs(): number {
    const message = this.#message;
    return message instanceof FetchedRecord ? message.timestampMs : Number(message.timestamp);
  }

  get headers(): Record<string, string> {
    this.#headers ??=
      this.#message instanceof FetchedRecord ? this.#message.textHeaders : asText(this.rawHeaders);
    return this.#headers;
  }

  get rawHeaders(): RawHeaders {
    const headers = emptyHeaders<Buffer>();
    for (const [name, value] of Object.entries(this.#message.headers ?? {})) {
      // The client's types do not say so, but a header without a value is null: Debezium sends such.
      const last: Buffer | string | null | undefined = Array.isArray(value) ? value.at(-1) : value;
      if (last === undefined || last === null) continue;
      headers[name] = typeof last === "string" ? Buffer.from(last) : last;
    }
    return headers;
  }

  /** Bytes that the record keeps in memory, about. */
  get size(): number {
    return (this.value?.length ?? 0) + (this.key?.length ?? 0) + 100;
  }
}

function asText(headers: RawHeaders): Record<string, string> {
  const texts = emptyHeaders<string>();
  for (const name in headers) texts[name] = headers[name]?.toString("utf8") ?? "";
  return texts;
}

/** The offset after `offset`, where reading goes on. */
export function offsetAfter(offset: string): string {
  return (BigInt(offset) + 1n).toString();
}
