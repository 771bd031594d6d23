import { createHmac } from "node:crypto";
import { lookup } from "node:dns";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Notification } from "../store/notifications.ts";
import { isPrivateAddress } from "./private-networks.ts";
import type { Sink } from "./sink.ts";

/** Where notifications are posted, and how the receiver can tell that we did. */
export interface WebhookOptions {
  readonly url: string;
  /** Shared with the receiver alone. */
  readonly secret: string;
  /** Lets the URL lead into a private network, and be http; default false. */
  readonly allowPrivate?: boolean;
  readonly clock: { now(): number };
}

/** The URL leads where notifications must not go. */
export class ForbiddenAddress extends Error {
  override readonly name = "ForbiddenAddress";
}

const timeoutMs = 10_000;

/**
 * Posts each notification as JSON. `Idempotency-Key` is the notification's id, the same at each repeat:
 * a receiver that honours it is told once. `Holdfast-Signature: t=<seconds>,v1=<hex>` is HMAC-SHA256 over
 * `<t>.<body>`. Any 2xx is an acknowledgement; redirects are not followed. Unless allowed, the address is
 * judged when the connection is made, so a name cannot change its mind between check and use.
 */
export function createWebhookSink(options: WebhookOptions): Sink {
  const url = new URL(options.url);
  return {
    channel: "webhook",
    deliver: async (notification, signal) => {
      if (!options.allowPrivate) refuseUnsafe(url);
      const body = JSON.stringify(payloadOf(notification));
      const status = await post(url, {
        body,
        headers: {
          "content-type": "application/json",
          "idempotency-key": notification.id,
          "holdfast-signature": sign(body, options),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        allowPrivate: options.allowPrivate === true,
      });
      if (status < 200 || status > 299) throw new Error(`The webhook answers ${status}`);
    },
  };
}

/** The value of Holdfast-Signature for a body that is sent now. */
export function sign(body: string, { secret, clock }: Pick<WebhookOptions, "secret" | "clock">) {
  const seconds = Math.floor(clock.now() / 1000);
  const digest = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${digest}`;
}

function payloadOf({ deliveredAt: _, occurredAt, createdAt, ...rest }: Notification) {
  return {
    ...rest,
    occurredAt: new Date(occurredAt).toISOString(),
    createdAt: new Date(createdAt).toISOString(),
  };
}

function refuseUnsafe({ protocol, hostname }: URL): void {
  if (protocol !== "https:") throw new ForbiddenAddress("A webhook must be https");
  // A host that is an address is never looked up.
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0 && isPrivateAddress(address)) throw new ForbiddenAddress(forbidden);
}

const forbidden = "The webhook's address is not of the public internet";

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const isForbidden = addresses.some(({ address }) => isPrivateAddress(address));
    if (isForbidden || addresses.length === 0) return callback(new ForbiddenAddress(forbidden), []);
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first?.address ?? "", first?.family);
  });
};

interface Post {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly allowPrivate: boolean;
}

/** Resolves to the status of the answer, whose body is not read. */
function post(url: URL, { body, headers, signal, allowPrivate }: Post): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const options = {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      signal,
      agent: false as const,
      ...(allowPrivate ? {} : { lookup: publicLookup }),
    };
    const sent: ClientRequest = send(url, options, (answer: IncomingMessage) => {
      resolve(answer.statusCode ?? 0);
      answer.destroy();
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
