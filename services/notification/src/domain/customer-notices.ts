import type { CancellationReason } from "@holdfast/contracts";
import type { CustomerNotice } from "./notice.ts";

interface OrderReference {
  readonly orderId: string;
  readonly customerId: string;
}

/** `amount` is money in words, such as `19.99 USD`. */
export function orderReceived(order: OrderReference, amount: string): CustomerNotice {
  return customerNotice(order, {
    subject: "We have received your order",
    body: `Thank you. Your order ${order.orderId} of ${amount} is being processed.`,
  });
}

/** `amount` is money in words, such as `19.99 USD`. */
export function orderConfirmed(order: OrderReference, amount: string): CustomerNotice {
  return customerNotice(order, {
    subject: "Your order is confirmed",
    body: `Your order ${order.orderId} is confirmed. You paid ${amount}.`,
  });
}

/** Says that the order ended, never more of the reason than the customer may know. */
export function orderCancelled(order: OrderReference, reason: CancellationReason): CustomerNotice {
  return customerNotice(order, {
    subject: "Your order was cancelled",
    body: `Your order ${order.orderId} was cancelled. ${explanationOf(reason)}`,
  });
}

function explanationOf(reason: CancellationReason): string {
  switch (reason) {
    case "CUSTOMER":
      return "You asked for this; you are not charged.";
    case "OUT_OF_STOCK":
      return "Something in it is out of stock; you are not charged.";
    case "PAYMENT_DECLINED":
    case "PAYMENT_VOIDED":
    case "CAPTURE_FAILED":
      return "The payment could not be completed; you are not charged.";
    case "TIMED_OUT":
    case "UNKNOWN":
      return "It could not be completed; you are not charged.";
  }
}

function customerNotice(
  { orderId, customerId }: OrderReference,
  words: { readonly subject: string; readonly body: string },
): CustomerNotice {
  return { audience: "customer", customerId, orderId, ...words, details: null };
}
