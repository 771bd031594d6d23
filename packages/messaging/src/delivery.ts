import type { Logger } from "@holdfast/telemetry";
import type { Message } from "./message.ts";
import type { IncomingRecord } from "./record.ts";

/** One record on its way through the middleware; each layer may add what it found out. */
export interface DeliveryContext {
  readonly record: IncomingRecord;
  readonly group: string;
  readonly logger: Logger;
  /** Aborted when the work must end: the partition was lost, time is up, a stop took too long. */
  signal: AbortSignal;
  /** Aborted when no new attempt may begin: the partition was lost or the process stops. */
  readonly stopping: AbortSignal;
  /**
   * The record was on the log when this stay of its partition began, so that an earlier owner may have
   * had it in hand.
   */
  readonly fromBacklog: boolean;
  /** Which attempt of this process it is, from 1. */
  attempt: number;
  /** Milliseconds since the epoch of the first failure, once there was one. */
  firstFailedAtMs?: number;
  /** Set by decode. */
  message?: Message;
  /** Set by a layer that opens a transaction; handlers get it as their second argument. */
  tx?: unknown;
  /** What became of the record when the delivery resolved; default handled. */
  result?: "handled" | "skipped" | "dead_lettered";
}

/** Handles one record. Resolving means: its effects are durable, the offset may be committed. */
export type Delivery = (context: DeliveryContext) => Promise<void>;

/** One layer round a delivery. */
export type Middleware = (next: Delivery) => Delivery;

/** The middleware as one delivery, the first of the list outermost. */
export function compose(middleware: readonly Middleware[], innermost: Delivery): Delivery {
  return middleware.reduceRight((next, layer) => layer(next), innermost);
}
