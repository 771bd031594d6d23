import { defineRoute, freeText, type Route } from "@holdfast/service-kit";
import { z } from "zod";
import { type DeclineCap, periodStartOf } from "../governor.ts";
import {
  demotedRules,
  governedRules,
  listInterventions,
  recordIntervention,
} from "../store/rule-governor.ts";
import type { RoutesOptions } from "./routes.ts";

const ruleParams = z.strictObject({ ruleId: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,99}$/) });
const because = z.strictObject({ reason: freeText() });

const Standing = z.object({
  ruleId: z.string(),
  demoted: z.boolean().describe("Its declines become reviews until a person restores it"),
});

const Rules = z.object({
  cap: z.object({ declines: z.number(), periodMs: z.number() }),
  periodStart: z.iso.datetime(),
  rules: z.array(Standing.extend({ declines: z.number() })),
  interventions: z.array(
    z.object({
      ruleId: z.string(),
      action: z.enum(["capped", "demoted", "restored"]),
      by: z.string(),
      reason: z.string(),
      at: z.iso.datetime(),
    }),
  ),
});

const shownInterventions = 100;

/** GET /admin/rules: how far each rule has gone, and who did what about it. */
export function readRules({ database, clock, cap }: RoutesOptions): Route {
  return defineRoute({
    method: "get",
    path: "/admin/rules",
    summary: "Declines per rule in the present period, demoted rules, and the audit log",
    auth: ["admin"],
    request: {},
    responses: { 200: { description: "The rules", schema: Rules } },
    handle: async () => {
      const periodStart = periodStartOf(clock.now(), cap);
      const rules = await governedRules(database.read, periodStart);
      const log = await listInterventions(database.read, shownInterventions);
      const interventions = log.map(({ at, ...rest }) => ({ ...rest, at: at.toISOString() }));
      const { declines, periodMs } = cap satisfies DeclineCap;
      const body = { cap: { declines, periodMs }, periodStart, rules, interventions };
      return { status: 200, body };
    },
  });
}

/** POST /admin/rules/:ruleId/demote: only a person does this, with a reason. */
export function demoteRule(options: RoutesOptions): Route {
  return intervention(options, {
    verb: "demote",
    action: "demoted",
    summary: "Let a rule's declines become reviews until it is restored",
  });
}

/** POST /admin/rules/:ruleId/restore. */
export function restoreRule(options: RoutesOptions): Route {
  return intervention(options, {
    verb: "restore",
    action: "restored",
    summary: "Let a demoted rule decline again",
  });
}

function intervention(
  { database, clock }: RoutesOptions,
  { verb, action, summary }: { verb: string; action: "demoted" | "restored"; summary: string },
): Route {
  return defineRoute({
    method: "post",
    path: `/admin/rules/:ruleId/${verb}`,
    summary,
    description: "Doing it twice is as good as once; each change leaves a row in the audit log.",
    auth: ["admin"],
    request: { params: ruleParams, body: because },
    responses: { 200: { description: "The rule's standing", schema: Standing } },
    handle: async ({ params: { ruleId }, body: { reason }, caller }) => {
      const demoted = action === "demoted";
      await database.transact(async (tx) => {
        await tx.query("SELECT pg_advisory_xact_lock(hashtext($1))", [`rule ${ruleId}`]);
        const isDemoted = (await demotedRules(tx.query, [ruleId])).has(ruleId);
        if (isDemoted === demoted) return;
        const at = new Date(clock.now());
        await recordIntervention(tx.query, { ruleId, action, by: caller.name, reason, at });
      });
      return { status: 200, body: { ruleId, demoted } };
    },
  });
}
