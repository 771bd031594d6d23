import type { CancellationReason, Progress } from "../domain/progress.ts";

/** How an order's progress lies in its row; the table's CHECK allows what Progress can express. */
export interface ProgressColumns {
  readonly saga: Progress["status"];
  readonly stock: "awaited" | "reserved" | null;
  readonly payment: "awaited" | "authorised" | "held" | "capturable" | null;
  readonly paymentId: string | null;
  readonly cancellationReason: CancellationReason | null;
}

const absent = { stock: null, payment: null, cancellationReason: null };

/** Progress → columns. */
export function columnsOf(progress: Progress): ProgressColumns {
  switch (progress.status) {
    case "pending": {
      const { status: saga, stock, payment } = progress;
      const paymentId = payment.stage === "awaited" ? null : payment.paymentId;
      return { ...absent, saga, stock, payment: payment.stage, paymentId };
    }
    case "accepted":
    case "confirmed":
      return { ...absent, saga: progress.status, paymentId: progress.paymentId };
    case "cancelled": {
      const { status: saga, paymentId, reason } = progress;
      return { ...absent, saga, paymentId, cancellationReason: reason };
    }
  }
}

/** Columns → progress. Throws when they do not make one, which the table's CHECK prevents. */
export function progressOf(columns: ProgressColumns): Progress {
  const { saga, paymentId, cancellationReason: reason } = columns;
  if (saga === "pending") return pendingOf(columns);
  if (saga === "cancelled" && reason !== null) return { status: saga, reason, paymentId };
  if (saga !== "cancelled" && paymentId !== null) return { status: saga, paymentId };
  throw new InexpressibleOrder(columns);
}

function pendingOf(columns: ProgressColumns): Progress {
  const { stock, payment, paymentId } = columns;
  const status = "pending";
  if (stock !== null && payment === "awaited")
    return { status, stock, payment: { stage: payment } };
  if (stock === null || payment === null || paymentId === null) {
    throw new InexpressibleOrder(columns);
  }
  if (stock === "awaited") return { status, stock, payment: { stage: payment, paymentId } };
  if (payment === "capturable") throw new InexpressibleOrder(columns);
  return { status, stock, payment: { stage: payment, paymentId } };
}

class InexpressibleOrder extends Error {
  override readonly name = "InexpressibleOrder";
  constructor({ saga, stock, payment }: ProgressColumns) {
    super(`No order can be ${saga} with stock ${stock} and payment ${payment}`);
  }
}
