import { createEngine } from "../engine/engine.ts";
import type { Engine, EngineOptions } from "../engine/types.ts";
import type { RulePack } from "../rules/definition.ts";
import { loadRules } from "../rules/load.ts";
import { type StreamEvent, toEvent, type Value } from "../stream.ts";

/** A stream of payments for tests, as small as can be. */
export const streamYaml = `
stream: payments
variable: tx
key: card
currency: USD
words: { event: payment, events: payments, key: card }
types: [payment, refund, declined, ordered, captured, profile]
judged: [payment]
fields:
  card: string
  amount: money
  merchant: string
  order: string
  country: { type: string, on: [payment] }
  risk: double
  limit: { type: money, on: [profile] }
  retries: int
  online: bool
  bornAt: timestamp
`;

/** Loads rules on the test stream; throws with every mistake. */
export function packOf(rules: string): RulePack {
  const loaded = loadRules([
    { path: "stream.yaml", content: streamYaml },
    { path: "rules.yaml", content: rules },
  ]);
  if (loaded.ok) return loaded.pack;
  throw new Error(
    loaded.errors.map((e) => `${e.path}:${e.line}:${e.column} ${e.message}`).join("\n"),
  );
}

export function engineOf(rules: string, options: EngineOptions = {}): Engine {
  return createEngine(packOf(rules), options);
}

/** A rule with the keys that every rule needs, and these. */
export function rule(id: string, body: string): string {
  return `- id: ${id}
  version: 1
${body.replace(/^/gm, "  ")}
  then: { action: review, score: 40, reason: HIT }
`;
}

const stream = packOf(rule("any", "where: tx.amount > 0.00")).stream;

export type EventInput = { readonly id?: string; readonly type?: string } & Readonly<
  Record<string, Value | null>
>;

/** An event of the test stream; the id defaults to `e` and the time. */
export function event(at: number, fields: EventInput = {}): StreamEvent {
  const { id = `e${at}`, type = "payment", ...values } = fields;
  return toEvent(stream, { id, type, at, fields: { card: "c", ...values } });
}
