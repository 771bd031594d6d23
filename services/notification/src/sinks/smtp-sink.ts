import { createTransport } from "nodemailer";
import type { Notification } from "../store/notifications.ts";
import type { Sink } from "./sink.ts";

/** Where mail goes. No address of a customer is known here. */
export interface SmtpOptions {
  /** smtp:// or smtps://, with user and password where the server asks for them. */
  readonly url: string;
  readonly from: string;
  readonly analystsTo: string;
  /** An address for a customer's mail in which `{customerId}` is replaced; the shop's mail server knows whose it is. */
  readonly customersTo: string;
}

const timeoutMs = 10_000;

/**
 * Sends each notification as plain text. At least once: SMTP honours no key, so a server whose answer is
 * lost gets the same mail again, with the same Message-ID, by which a mail client may know it.
 */
export function createSmtpSink(options: SmtpOptions): Sink {
  const transport = createTransport({
    url: options.url,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    channel: "smtp",
    deliver: async (notification, signal) => {
      signal.throwIfAborted();
      await transport.sendMail(mailOf(notification, options));
    },
  };
}

function mailOf(notification: Notification, { from, analystsTo, customersTo }: SmtpOptions) {
  const { id, audience, customerId, subject, body } = notification;
  const to =
    audience === "analyst"
      ? analystsTo
      : customersTo.replaceAll("{customerId}", customerId.replaceAll(/[^A-Za-z0-9._-]/g, "_"));
  return { from, to, subject, text: body, messageId: `<${id}@holdfast>` };
}
