import { on } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { onPaymentAuthorized } from "../../../services/order/src/handlers/on-payment-authorized.ts";
import { onPaymentCaptureFailed } from "../../../services/order/src/handlers/on-payment-capture-failed.ts";
import { onPaymentCaptured } from "../../../services/order/src/handlers/on-payment-captured.ts";
import { onPaymentDeclined } from "../../../services/order/src/handlers/on-payment-declined.ts";
import { onPaymentHeld } from "../../../services/order/src/handlers/on-payment-held.ts";
import { onPaymentReleased } from "../../../services/order/src/handlers/on-payment-released.ts";
import { onPaymentVoided } from "../../../services/order/src/handlers/on-payment-voided.ts";
import { onStockRejected } from "../../../services/order/src/handlers/on-stock-rejected.ts";
import { onStockReleased } from "../../../services/order/src/handlers/on-stock-released.ts";
import { onStockReserved } from "../../../services/order/src/handlers/on-stock-reserved.ts";
import { createOrderService } from "../../../services/order/src/order-service.ts";
import type { PaymentMethods } from "../../../services/order/src/payment/payment-methods.ts";
import type { Ground, Part } from "./part.ts";

/** The order service in one process. */
export function startOrder(ground: Ground, paymentMethods: PaymentMethods): Part {
  const { record, routes } = createOrderService({
    ...ground,
    paymentMethods,
    currencies: new Set(["USD"]),
    nudge: { notify: () => undefined, wait: async () => undefined },
    announce: () => undefined,
    streamLookMs: 1_000,
  });
  return {
    routes,
    consumes: [
      on<"stock", Tx>("stock", {
        StockReserved: onStockReserved(record),
        StockRejected: onStockRejected(record),
        StockReleased: onStockReleased(record),
      }),
      on<"payments", Tx>("payments", {
        PaymentAuthorized: onPaymentAuthorized(record),
        PaymentHeld: onPaymentHeld(record),
        PaymentReleased: onPaymentReleased(record),
        PaymentDeclined: onPaymentDeclined(record),
        PaymentVoided: onPaymentVoided(record),
        PaymentCaptured: onPaymentCaptured(record),
        PaymentCaptureFailed: onPaymentCaptureFailed(record),
      }),
    ],
    queues: [],
  };
}
