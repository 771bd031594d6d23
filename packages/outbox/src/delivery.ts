/** One record as it lies on the log; the part of messaging's IncomingRecord that the inbox keeps. */
export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: Readonly<Record<string, Buffer>>;
  readonly timestampMs: number;
}

/** A decoded record; messaging's Message. */
export interface Message {
  readonly id: string;
  readonly type: string;
  readonly event: unknown;
  readonly key: string;
  readonly entityId: string | null;
  readonly entityVersion: number | null;
  readonly record: IncomingRecord;
}

/** One record on its way through the router; messaging's DeliveryContext. */
export interface DeliveryContext {
  readonly group: string;
  readonly signal: AbortSignal;
  readonly record: IncomingRecord;
  message?: Message;
  tx?: unknown;
}

/** Handles one record; resolving means that its effects are durable. */
export type Delivery = (context: DeliveryContext) => Promise<void>;

/** One layer round a Delivery. */
export type Middleware = (next: Delivery) => Delivery;
