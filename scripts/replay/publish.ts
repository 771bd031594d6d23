import { type Codec, header, type OutgoingRecord, type Producer } from "@holdfast/messaging";
import type { Pace } from "./options.ts";
import { paymentRequested, type readExchangeTable } from "./payment-requested.ts";
import type { BadRow, Transaction } from "./read-transactions.ts";

/** Where transactions go. */
export interface Target {
  readonly producer: Pick<Producer, "send">;
  readonly codec: Pick<Codec, "encode">;
  readonly topic: string;
  readonly exchange: ReturnType<typeof readExchangeTable>;
}

/** How it went so far. */
export interface Published {
  rows: number;
  published: number;
  refused: number;
  /** The first few refused rows. */
  readonly problems: BadRow[];
}

const batchSize = 1_000;
const maxProblems = 5;

/**
 * Publishes rows as PaymentRequested, in order and at the pace, until `limit` rows are read. Rows
 * that are no transactions are counted and skipped. The transaction's id is the event's id.
 */
export async function publishTransactions(
  rows: AsyncIterable<Transaction | BadRow>,
  target: Target,
  { pace, limit, progress }: { pace: Pace; limit: number; progress: Published },
): Promise<void> {
  const clock = createPacer(pace);
  let batch: OutgoingRecord[] = [];
  const flush = async () => {
    const records = batch;
    batch = [];
    await target.producer.send(records);
    progress.published += records.length;
  };
  for await (const row of rows) {
    if (progress.rows >= limit) break;
    progress.rows += 1;
    const record = toRecord(row, target, progress);
    if (record === undefined) continue;
    const waitMs = clock.waitFor("occurredAt" in row ? row.occurredAt : 0);
    if (batch.length >= batchSize || (waitMs > 0 && batch.length > 0)) await flush();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    batch.push(record);
  }
  await flush();
}

function toRecord(
  row: Transaction | BadRow,
  { codec, topic, exchange }: Target,
  progress: Published,
): OutgoingRecord | undefined {
  if ("problem" in row) return refuse(row, progress);
  try {
    const event = paymentRequested(row, exchange);
    return {
      topic,
      key: event.cardFingerprint,
      value: codec.encode("card-activity", "PaymentRequested", event),
      headers: { [header.id]: event.paymentId, [header.eventType]: "PaymentRequested" },
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return refuse({ line: progress.rows + 1, problem }, progress);
  }
}

function refuse(row: BadRow, progress: Published): undefined {
  progress.refused += 1;
  if (progress.problems.length < maxProblems) progress.problems.push(row);
}

/** Below this a timer is not worth its overhead: rows wait together. */
const minWaitMs = 5;

interface Pacer {
  /** How long the next row, which happened at `occurredAt`, has to wait; 0 for not at all. */
  waitFor(occurredAt: number): number;
}

function createPacer(pace: Pace): Pacer {
  if (pace.kind === "max") return { waitFor: () => 0 };
  const startedAt = performance.now();
  let count = 0;
  let firstAt: number | undefined;
  const dueMs = (occurredAt: number): number => {
    if (pace.kind === "rate") {
      count += 1;
      return ((count - 1) / pace.perSecond) * 1000;
    }
    firstAt ??= occurredAt;
    return (occurredAt - firstAt) / pace.factor;
  };
  return {
    waitFor: (occurredAt) => {
      const waitMs = startedAt + dueMs(occurredAt) - performance.now();
      return waitMs < minWaitMs ? 0 : waitMs;
    },
  };
}
