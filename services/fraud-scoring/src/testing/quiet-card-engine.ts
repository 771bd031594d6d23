import type {
  Alert,
  Engine,
  KeyState,
  RuleResult,
  Step,
  StepTail,
  StreamEvent,
} from "@holdfast/cep";
import type { CompileRuleset, Ruleset } from "../domain/ruleset.ts";

/** The state of one card under the test engine. */
interface Seen {
  ids: [id: string, at: number][];
  /** Raised when time reaches it. */
  quietAt: number | null;
  latestAt: number;
}

const windowMs = 60_000;
const horizonMs = 3_600_000;

const seen = (state: KeyState) => state as unknown as Seen;

/**
 * A small engine with everything that a host must handle: a rule that hits at the third payment in
 * a minute, a timer that raises an alert when a card has been quiet for a minute, duplicates, late
 * events and expiry. Deterministic; its bytes are JSON.
 */
export function quietCardEngine(generation: number): Engine {
  const tail = (state: Seen, alerts: Alert[]): StepTail => ({
    alerts,
    finals: [],
    timedOut: [],
    dueAt: state.quietAt ?? undefined,
    expiresAt: state.latestAt + horizonMs,
  });
  return {
    generation,
    rules: [],
    retentionMs: horizonMs,
    lineage: {},
    newState: () => newSeen() as unknown as KeyState,
    process: (state, event, watermark) => processEvent(seen(state), { event, watermark, tail }),
    advance: (state, watermark) => {
      const card = seen(state);
      if (card.quietAt === null || card.quietAt > watermark) return tail(card, []);
      const alert = alertAbout(card.quietAt, [card.ids.at(-1)?.[0] ?? ""], "final");
      card.quietAt = null;
      return tail(card, [alert]);
    },
    inspect: (_state, at) => ({ at, latestAt: undefined, rules: [] }),
    encode: (state) => Buffer.from(JSON.stringify(state)),
    decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as KeyState,
  } as Engine;
}

function newSeen(): Seen {
  return { ids: [], quietAt: null, latestAt: 0 };
}

function processEvent(
  card: Seen,
  {
    event,
    watermark,
    tail,
  }: {
    event: StreamEvent;
    watermark: number;
    tail: (state: Seen, alerts: Alert[]) => StepTail;
  },
): Step {
  if (card.latestAt + horizonMs < watermark) Object.assign(card, newSeen());
  const isDuplicate = card.ids.some(([id]) => id === event.id);
  const isTooLate = event.at < watermark - horizonMs;
  const base = {
    late: event.at <= watermark,
    outcome: "approve",
    score: 0,
    hits: [],
    results: [],
  } as const;
  if (isDuplicate) return { ...tail(card, []), ...base, disposition: "duplicate" };
  if (isTooLate) return { ...tail(card, []), ...base, disposition: "too_late" };
  card.ids.push([event.id, event.at]);
  card.ids = card.ids.filter(([, at]) => at >= Math.max(watermark, event.at) - horizonMs);
  card.latestAt = Math.max(card.latestAt, event.at);
  card.quietAt = card.latestAt + windowMs;
  const inWindow = card.ids.filter(([, at]) => at > event.at - windowMs && at <= event.at);
  const isHit = inWindow.length >= 3;
  const ids = inWindow.map(([id]) => id);
  const alerts = inWindow.length === 3 ? [alertAbout(event.at, ids, "early")] : [];
  return {
    ...tail(card, alerts),
    ...base,
    disposition: "judged",
    outcome: isHit ? "review" : "approve",
    score: isHit ? 40 : 0,
    hits: isHit ? ["third-in-a-minute"] : [],
    results: [resultOf(isHit, inWindow)],
  };
}

function resultOf(isHit: boolean, inWindow: readonly [string, number][]): RuleResult {
  return {
    ruleId: "third-in-a-minute",
    version: 1,
    mode: "active",
    outcome: isHit ? "hit" : "no_hit",
    action: "review",
    score: isHit ? 40 : 0,
    reason: "THIRD",
    values: { "count()": inWindow.length },
    eventIds: inWindow.map(([id]) => id),
    warming: false,
    approximate: false,
    explanation: "",
  };
}

function alertAbout(at: number, eventIds: string[], time: "early" | "final"): Alert {
  return {
    ruleId: time === "early" ? "third-in-a-minute" : "quiet-card",
    version: 1,
    matchId: eventIds.at(-1) ?? "",
    time,
    revision: 0,
    holds: true,
    at,
    action: "review",
    score: 40,
    reason: "THIRD",
    values: {},
    eventIds,
    explanation: "",
    sentence: "Holds the third payment of a card within a minute",
  };
}

/** A rule set of the test engine. */
export function quietCardRuleset(generation: number): Ruleset {
  return {
    generation,
    rulesetId: `pack-${generation}`,
    files: [{ path: "rules.yaml", content: `generation ${generation}` }],
    engine: quietCardEngine(generation),
    currency: "USD",
    toEvent: ({ id, type, at }) => ({ id, type, at, values: [] }),
    display: (_name, value) => String(value),
  };
}

/** Compiles every pack to the test engine, except one whose first file says it is broken. */
export const compileQuietCard: CompileRuleset = ({ generation, files }) =>
  files[0]?.content === "broken"
    ? { ok: false, message: "rules.yaml:1:1 it is broken" }
    : { ok: true, ruleset: quietCardRuleset(generation) };
