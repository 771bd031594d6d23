import type { KeyView, Value } from "@holdfast/cep";
import type { Ruleset } from "../domain/ruleset.ts";

type RuleView = KeyView["rules"][number];
type Values = Readonly<Record<string, Value>>;

/** Time as ISO 8601; null for none. */
export function isoTime(at: number | null | undefined): string | null {
  return at == null || !Number.isFinite(at) ? null : new Date(at).toISOString();
}

/** What each rule knows of a card, in words and numbers: its windows, open sequences and history. */
export function ruleKnowledge({ display }: Pick<Ruleset, "display">, view: KeyView) {
  const shown = (values: Values) =>
    Object.entries(values).map(([name, value]) => ({ name, value: display(name, value) }));
  return view.rules.map(({ ruleId, version, mode, time, sentence, ...rule }) => ({
    ...{ ruleId, version, mode, time, sentence },
    windows: rule.windows.map((window) => ({
      ...spanOf(window),
      kind: window.kind,
      events: window.events,
      eventIds: window.eventIds,
      values: shown(window.values),
      limit: window.limit ?? null,
      approximate: window.approximate,
      explanation: window.explanation,
    })),
    partialMatches: rule.partialMatches.map(partialMatch),
    history:
      rule.history === undefined
        ? null
        : {
            ...spanOf(rule.history),
            values: shown(rule.history.values),
            explanation: rule.history.explanation,
          },
  }));
}

function spanOf({ from, to }: { readonly from: number; readonly to: number }) {
  return { from: isoTime(from), to: isoTime(to) };
}

function partialMatch(match: RuleView["partialMatches"][number]) {
  const { stages, since, waitsFor, completesByTime, timesOutAt, explanation } = match;
  return {
    ...{ stages, waitsFor, completesByTime, explanation },
    since: isoTime(since),
    timesOutAt: isoTime(timesOutAt),
  };
}
