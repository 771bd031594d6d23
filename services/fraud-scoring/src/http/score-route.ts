import type { PaymentRequested } from "@holdfast/contracts";
import type { Codec } from "@holdfast/messaging";
import { type Database, idempotent, type StoredReply } from "@holdfast/outbox";
import {
  type Clock,
  defineRoute,
  forbidden,
  mayActFor,
  type Problem,
  type Reply,
  type Route,
  type RouteRequest,
  unprocessable,
  uuidV5,
} from "@holdfast/service-kit";
import { dedupeHorizonMs, outOfOrdernessBoundMs } from "../domain/event-time.ts";
import { decisionIdOf } from "../domain/ids.ts";
import type { Scoring } from "../scoring/scoring.ts";
import { decisionView } from "./card-view.ts";
import { pendingDecision, type TransactionBody, transactionBody } from "./score-schemas.ts";

/** What the route works with. */
export interface ScoreRouteOptions {
  readonly database: Database;
  readonly codec: Pick<Codec, "decode">;
  readonly clock: Clock;
  readonly scoring: Scoring;
  /** How long an answer may wait for the decision, milliseconds. */
  readonly timeoutMs: number;
  /** The currency in which the rules in force compare amounts; undefined before the first pack. */
  readonly baseCurrency: () => Promise<string | undefined>;
}

type ScoreRequest = RouteRequest<{ readonly body: typeof transactionBody }>;

/** POST /transactions:score. */
export function scoreTransaction(options: ScoreRouteOptions): Route {
  return defineRoute({
    method: "post",
    path: "/transactions:score",
    summary: "Score a transaction and wait for the decision",
    description:
      "For those who bring a payment service of their own: the transaction goes to card-activity like any other payment, and counts in the card's windows. The answer is the decision; when it takes too long, 202 says where it will be. The caller then repeats the request under its key, or decides by a policy of its own.",
    auth: ["customer", "admin"],
    idempotent: true,
    request: { body: transactionBody },
    responses: {
      200: { description: "The decision, with every rule's result and the values that it saw" },
      202: {
        description: "The transaction will be scored; the decision is not there yet",
        schema: pendingDecision,
        headers: { Location: "Path of the decision" },
      },
    },
    handle: (request) => score(options, request),
  });
}

async function score(options: ScoreRouteOptions, request: ScoreRequest): Promise<Reply> {
  const { database, clock, scoring, timeoutMs } = options;
  const { body, caller } = request;
  // The answer speaks of rules and their values: it is for a shop's backend, not for one customer.
  if (!mayActFor(caller, "*")) throw forbidden("This needs a key that may act for all customers");
  const startedAtMs = clock.now();
  const payment = paymentOf(body, { nowMs: startedAtMs, base: await options.baseCurrency() });
  const eventId = eventIdOf(request);
  const decisionId = decisionIdOf(eventId);
  const awaited = scoring.expect(decisionId);
  try {
    const stored = await idempotent(database, request, async () => {
      await scoring.publish(eventId, payment);
      return {
        status: 202,
        headers: { Location: `/decisions/${decisionId}`, "Retry-After": "1" },
        body: { decisionId, status: "pending" },
      };
    });
    const ms = Math.max(timeoutMs - (clock.now() - startedAtMs), 0);
    const decided = await awaited.decision({ ms, mayBeOld: isReplay(stored) });
    return decided === undefined ? stored : decisionReply(options, stored, decided);
  } finally {
    awaited.forget();
  }
}

const replayed = "Idempotent-Replayed";

function isReplay({ headers }: StoredReply): boolean {
  return headers[replayed] !== undefined;
}

function decisionReply({ codec }: ScoreRouteOptions, stored: StoredReply, decided: Buffer): Reply {
  const { Location: location = "" } = stored.headers;
  return {
    status: 200,
    headers: { "Content-Location": location, ...(isReplay(stored) && { [replayed]: "true" }) },
    body: decisionView(codec, decided),
  };
}

const eventNamespace = "0c7e44a1-7d7b-5f0e-9f6f-0b1de1a6d9f3";

/** The same request under the same key is the same event, also when a crash hid that it was sent. */
function eventIdOf({ caller, idempotencyKey, body }: ScoreRequest): string {
  return uuidV5(eventNamespace, JSON.stringify([caller.name, idempotencyKey, body]));
}

function paymentOf(
  body: TransactionBody,
  { nowMs, base }: { readonly nowMs: number; readonly base: string | undefined },
): PaymentRequested {
  const { transactionId, orderId, cardBrand, cardFirst6, cardLast4, occurredAt, ...rest } = body;
  const at = occurredAt === undefined ? nowMs : Date.parse(occurredAt);
  if (at > nowMs + outOfOrdernessBoundMs) throw outOfTime("lies in the future");
  if (at < nowMs - dedupeHorizonMs) throw outOfTime("is too long ago");
  const baseCurrency = body.baseCurrency ?? body.currency;
  if (base !== undefined && baseCurrency !== base) throw foreignCurrency(base);
  return {
    ...rest,
    paymentId: transactionId,
    orderId: orderId ?? null,
    baseAmountMinor: body.baseAmountMinor ?? body.amountMinor,
    baseCurrency,
    cardBrand: cardBrand ?? null,
    cardFirst6: cardFirst6 ?? null,
    cardLast4: cardLast4 ?? null,
    occurredAt: at,
  };
}

function outOfTime(what: string): Problem {
  const message = `occurredAt ${what}`;
  return unprocessable("time_out_of_range", message, {
    errors: [{ pointer: "/body/occurredAt", message }],
  });
}

function foreignCurrency(base: string): Problem {
  const message = `Rules compare amounts in ${base}: send baseAmountMinor and baseCurrency`;
  return unprocessable("base_currency_needed", message, {
    errors: [{ pointer: "/body/baseCurrency", message }],
  });
}
