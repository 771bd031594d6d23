import type { Codec } from "@holdfast/messaging";
import { badRequest, defineRoute, notFound, type Route } from "@holdfast/service-kit";
import { z } from "zod";
import type { StateReader } from "../store/read-state.ts";
import { cardView, decisionView } from "./card-view.ts";
import { rulesView } from "./rules-view.ts";
import { type ScoreRouteOptions, scoreTransaction } from "./score-route.ts";

/** What the routes read. */
export interface RoutesOptions extends ScoreRouteOptions {
  readonly reader: StateReader;
  readonly codec: Pick<Codec, "decode">;
}

/**
 * For analysts: the rules in force, what is known of a card, and how a decision came about. For
 * payment services of others: a decision on request.
 */
export function fraudScoringRoutes(options: RoutesOptions): Route[] {
  return [rules(options), card(options), decision(options), scoreTransaction(options)];
}

const analyst = ["analyst", "admin"] as const;

function rules({ reader }: RoutesOptions): Route {
  return defineRoute({
    method: "get",
    path: "/rules",
    summary: "The rules in force, and what people said of their hits",
    auth: analyst,
    responses: { 200: { description: "Rule sets per partition, and the newest set's rules" } },
    handle: async () => ({ status: 200, body: await rulesView(reader) }),
  });
}

function card(options: RoutesOptions): Route {
  return defineRoute({
    method: "get",
    path: "/cards/:fingerprint",
    summary: "A card: what the rules know of it, and its newest decisions",
    description: "What is committed; at most one commit interval old.",
    auth: analyst,
    request: {
      params: z.strictObject({ fingerprint: z.string().min(1).max(200) }),
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(100).default(20),
        cursor: z.string().max(200).optional(),
      }),
    },
    responses: { 200: { description: "The card" } },
    handle: async ({ params, query }) => {
      const page = { limit: query.limit, before: parseCursor(query.cursor) };
      const view = await cardView(options, params.fingerprint, page);
      if (view === undefined) throw notFound("card_unknown", "No activity of this card is known");
      return { status: 200, body: view };
    },
  });
}

function decision({ reader, codec }: RoutesOptions): Route {
  return defineRoute({
    method: "get",
    path: "/decisions/:decisionId",
    summary: "A decision with every rule's result and the values that it saw",
    description:
      "The newest decisions of each partition are kept here; all of them are on fraud-decisions.",
    auth: analyst,
    request: { params: z.strictObject({ decisionId: z.uuid() }) },
    responses: { 200: { description: "The decision" } },
    handle: async ({ params }) => {
      const payload = await reader.decision(params.decisionId);
      if (payload === undefined) {
        throw notFound("decision_unknown", "No such decision is kept here");
      }
      return { status: 200, body: decisionView(codec, payload) };
    },
  });
}

const cursorForm = /^(-?\d{1,16})_([0-9a-f-]{36})$/;

function parseCursor(cursor: string | undefined) {
  if (cursor === undefined) return undefined;
  const [, occurredAt, decisionId] = cursorForm.exec(cursor) ?? [];
  if (occurredAt === undefined || decisionId === undefined) {
    throw badRequest("cursor_invalid", "Take the cursor from nextCursor of the page before");
  }
  return { occurredAt: Number(occurredAt), decisionId };
}
