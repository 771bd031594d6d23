import type { Progress } from "./progress.ts";

/**
 * What the customer is told, in neutral words:
 * received → processing → (under_review → processing)? → confirmed | cancelled.
 */
export type PublicStatus = "received" | "processing" | "under_review" | "confirmed" | "cancelled";

/** After these nothing more will be told. */
export function isFinal(status: PublicStatus): boolean {
  return status === "confirmed" || status === "cancelled";
}

/** The public status of an order that has come this far. */
export function publicStatus(progress: Progress): PublicStatus {
  switch (progress.status) {
    case "pending":
      if (progress.payment.stage === "held") return "under_review";
      return progress.stock === "awaited" && progress.payment.stage === "awaited"
        ? "received"
        : "processing";
    case "accepted":
      return "processing";
    case "confirmed":
    case "cancelled":
      return progress.status;
  }
}
