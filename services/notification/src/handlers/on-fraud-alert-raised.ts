import type { Message } from "@holdfast/messaging";
import type { Tx } from "@holdfast/outbox";
import { fraudAlert } from "../domain/analyst-notices.ts";
import type { Notify } from "./notify.ts";

/** Tells the analysts what a rule found; the customer hears nothing of it. */
export function onFraudAlertRaised(notify: Notify) {
  return (message: Message<"FraudAlertRaised">, tx: Tx): Promise<void> =>
    notify(tx, message, fraudAlert(message.event));
}
