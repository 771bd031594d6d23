import type { Database } from "@holdfast/outbox";
import type { Clock, Ids, Nudge, Route } from "@holdfast/service-kit";
import { createCarryOut } from "./handlers/carry-out.ts";
import { createRecordAnswer, type RecordAnswer } from "./handlers/record-answer.ts";
import { createPlaceOrder } from "./http/place-order.ts";
import { createRoutes } from "./http/routes.ts";
import type { PaymentMethods } from "./payment/payment-methods.ts";

/** The outside of the service, as its decisions see it. */
export interface OrderServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly paymentMethods: PaymentMethods;
  /** ISO 4217 codes that payment can convert. */
  readonly currencies: ReadonlySet<string>;
  /** Wakes status streams of this instance. */
  readonly nudge: Nudge;
  /** Wakes those of every instance; called after commits. */
  readonly announce: (orderId: string) => void;
  /** The longest time in which a status stream looks for news on its own. */
  readonly streamLookMs: number;
}

/** The service's two sides: what it answers by HTTP, and what it does with others' answers. */
export interface OrderService {
  readonly routes: Route[];
  readonly record: RecordAnswer;
}

/** Both sides decide by the same CarryOut; what they decide goes to the topic `orders`. */
export function createOrderService(options: OrderServiceOptions): OrderService {
  const carryOut = createCarryOut(options);
  const placeOrder = createPlaceOrder(options);
  return {
    routes: createRoutes({ ...options, placeOrder, carryOut }),
    record: createRecordAnswer(carryOut),
  };
}
