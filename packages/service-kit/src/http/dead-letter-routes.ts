import { z } from "zod";
import { notFound } from "../problem.ts";
import { freeText } from "./free-text.ts";
import { defineRoute, type Route } from "./route.ts";

/** What a person has decided about some dead letters. */
interface Decision {
  readonly ids: readonly string[];
  readonly by: string;
}

/** The dead letters of a service, as its routes need them; outbox's DeadLetterOffice is one. */
export interface DeadLetters {
  list(options: { readonly limit: number; readonly all: boolean }): Promise<readonly object[]>;
  show(id: string): Promise<object | undefined>;
  redrive(decision: Decision & { readonly reason: string | null }): Promise<void>;
  discard(decision: Decision & { readonly reason: string }): Promise<void>;
  actions(limit: number): Promise<readonly object[]>;
}

const letter = z.looseObject({
  id: z.string().describe("<dead-letter topic>/<partition>/<offset>"),
  state: z.enum(["open", "redriven", "discarded"]),
});
const page = z.strictObject({
  all: z.enum(["true", "false"]).default("false").describe("Settled ones as well"),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const ids = z
  .array(z.string().regex(/^[^/]{1,249}\/\d{1,9}\/\d{1,19}$/))
  .min(1)
  .max(100);
const reason = freeText();

/** The routes under /admin by which dead letters are looked at and settled; all need the scope admin. */
export function deadLetterRoutes(letters: DeadLetters): readonly Route[] {
  return [
    listLetters(letters),
    showLetter(letters),
    redriveLetters(letters),
    discardLetters(letters),
    listActions(letters),
  ];
}

function listLetters(letters: DeadLetters): Route {
  return defineRoute({
    method: "get",
    path: "/admin/dead-letters",
    summary: "Records that this service could not handle, oldest first",
    auth: ["admin"],
    request: { query: page },
    responses: { 200: { description: "A page", schema: z.object({ items: z.array(letter) }) } },
    handle: async ({ query: { limit, all } }) => ({
      status: 200,
      body: { items: await letters.list({ limit, all: all === "true" }) },
    }),
  });
}

function showLetter(letters: DeadLetters): Route {
  return defineRoute({
    method: "get",
    path: "/admin/dead-letters/:topic/:partition/:offset",
    summary: "One dead letter with the event that it carries",
    auth: ["admin"],
    request: {
      params: z.strictObject({
        topic: z.string().max(249),
        partition: z.string().regex(/^\d{1,9}$/),
        offset: z.string().regex(/^\d{1,19}$/),
      }),
    },
    responses: { 200: { description: "The dead letter", schema: letter } },
    handle: async ({ params: { topic, partition, offset } }) => {
      const found = await letters.show(`${topic}/${partition}/${offset}`);
      if (found === undefined) throw notFound("dead_letter_not_found", "Nothing lies there");
      return { status: 200, body: found };
    },
  });
}

function redriveLetters(letters: DeadLetters): Route {
  return defineRoute({
    method: "post",
    path: "/admin/dead-letters/redrive",
    summary: "Send dead letters back to their topics, all or none",
    description: "They keep their event ids and, per key, their order; effects are not repeated.",
    auth: ["admin"],
    request: { body: z.strictObject({ ids, reason: reason.nullable().default(null) }) },
    responses: {
      204: { description: "They lie on their topics again" },
      409: { description: "One was settled before, or an earlier one of its key is still open" },
    },
    handle: async ({ body, caller }) => {
      await letters.redrive({ ...body, by: caller.name });
      return { status: 204 };
    },
  });
}

function discardLetters(letters: DeadLetters): Route {
  return defineRoute({
    method: "post",
    path: "/admin/dead-letters/discard",
    summary: "Give dead letters up for good, all or none",
    auth: ["admin"],
    request: { body: z.strictObject({ ids, reason }) },
    responses: {
      204: { description: "They are settled" },
      409: { description: "One was settled before, or an earlier version is still owed" },
    },
    handle: async ({ body, caller }) => {
      await letters.discard({ ...body, by: caller.name });
      return { status: 204 };
    },
  });
}

function listActions(letters: DeadLetters): Route {
  return defineRoute({
    method: "get",
    path: "/admin/dead-letter-actions",
    summary: "Who settled which dead letter, when and why, newest first",
    auth: ["admin"],
    request: { query: page.omit({ all: true }) },
    responses: {
      200: {
        description: "The audit log",
        schema: z.object({ items: z.array(z.looseObject({ action: z.string() })) }),
      },
    },
    handle: async ({ query }) => ({
      status: 200,
      body: { items: await letters.actions(query.limit) },
    }),
  });
}
