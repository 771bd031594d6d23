/** One record on its way through the router; the shape of messaging's DeliveryContext. */
export interface DeliveryContext {
  readonly group: string;
  readonly signal: AbortSignal;
  readonly record: { readonly topic: string; readonly partition: number; readonly offset: string };
  readonly message?: {
    readonly id: string;
    readonly entityId: string | null;
    readonly entityVersion: number | null;
  };
  tx?: unknown;
}

/** Handles one record; resolving means that its effects are durable. */
export type Delivery = (context: DeliveryContext) => Promise<void>;

/** One layer round a Delivery. */
export type Middleware = (next: Delivery) => Delivery;
