import { createOrderService } from "../../../services/order/src/order-service.ts";
import type { PaymentMethods } from "../../../services/order/src/payment/payment-methods.ts";
import { consumed } from "../../../services/order/src/wiring.ts";
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
  return { routes, consumes: consumed(record), queues: [] };
}
