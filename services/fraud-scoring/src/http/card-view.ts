import type { FraudDecided } from "@holdfast/contracts";
import type { Codec } from "@holdfast/messaging";
import { decodeCard } from "../domain/card.ts";
import { latestTimeAt } from "../domain/event-time.ts";
import { decisionIdOf } from "../domain/ids.ts";
import { restoreRuleset } from "../ruleset.ts";
import type { CardRow, Page, StateReader } from "../store/read-state.ts";
import { isoTime, ruleKnowledge } from "./rule-knowledge.ts";

interface Sources {
  readonly reader: StateReader;
  readonly codec: Pick<Codec, "decode">;
}

/** A decision as JSON: times as ISO 8601, the rest as on the log. */
export function decisionView(codec: Pick<Codec, "decode">, payload: Buffer) {
  const decoded = codec.decode("fraud-decisions", payload);
  if (decoded.type !== "FraudDecided") throw new Error("The stored decision is another event");
  const { occurredAt, ...decision } = decoded.event;
  return { ...decision, occurredAt: new Date(occurredAt).toISOString() };
}

/** A card's committed state and a page of its decisions; undefined when nothing is known of it. */
export async function cardView(sources: Sources, fingerprint: string, page: Page) {
  const { reader, codec } = sources;
  const row = await reader.card(fingerprint);
  const payloads = await reader.decisionsOfCard(fingerprint, page);
  if (row === undefined && payloads.length === 0) return undefined;
  const decisions = payloads.map((payload) => summary(decisionView(codec, payload)));
  const last = decisions.length === page.limit ? decisions.at(-1) : undefined;
  return {
    cardFingerprint: fingerprint,
    state: row === undefined ? null : stateView(fingerprint, row),
    decisions,
    nextCursor: last === undefined ? null : cursorOf(last),
  };
}

function summary(decision: Omit<FraudDecided, "occurredAt"> & { occurredAt: string }) {
  const { decisionId, paymentId, orderId, outcome, score, reasons, occurredAt } = decision;
  return { decisionId, paymentId, orderId, outcome, score, reasons, occurredAt };
}

function cursorOf({ occurredAt, decisionId }: { occurredAt: string; decisionId: string }) {
  return `${Date.parse(occurredAt)}_${decisionId}`;
}

function stateView(fingerprint: string, row: CardRow) {
  const ruleset = restoreRuleset(row);
  const { engine } = ruleset;
  const card = decodeCard(fingerprint, row.state, engine);
  const isExpired = row.watermark !== null && card.expiresAt < row.watermark;
  const now = row.watermark === null ? Number.NEGATIVE_INFINITY : latestTimeAt(row.watermark);
  return {
    partition: row.partition,
    rulesetGeneration: row.generation,
    watermark: isoTime(row.watermark),
    expired: isExpired,
    expiresAt: isoTime(card.expiresAt),
    nextTimerAt: isoTime(card.dueAt),
    storedBytes: row.state.length,
    rules: isExpired ? [] : ruleKnowledge(ruleset, engine.inspect(card.state, now)),
    hits: card.hits.map(({ eventId, paymentId, orderId, rules, label }) => ({
      decisionId: decisionIdOf(eventId),
      paymentId,
      orderId,
      rules,
      label: [null, "fraud", "legitimate"][label] ?? null,
    })),
  };
}
