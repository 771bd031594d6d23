import { describeDuration } from "../language/duration.ts";
import { walk } from "../language/expression.ts";
import { formatValue } from "../language/verbalize.ts";
import type { RuleDefinition } from "../rules/definition.ts";
import type { Stream, StreamEvent, Value } from "../stream.ts";
import { partialMatchesOf } from "./inspect-partials.ts";
import type { HistoryView, KeyView, RuleView, WindowView } from "./inspect-types.ts";
import { maxListedIds } from "./judge-windows.ts";
import type { CompiledLane, CompiledRule } from "./lane-plan.ts";
import { finalStateOf, type KeyState, type LaneState, type Lanes, latestCell } from "./state.ts";
import { plainLimit } from "./verdict.ts";

/** A lane, a state that may be changed, and the time at which it is looked at. */
type Looking = {
  readonly stream: Stream;
  readonly lane: CompiledLane;
  readonly state: LaneState;
  readonly at: number;
};

/**
 * What each rule knows of a key at a time. Slides windows on and ages histories, so `state` must be
 * a copy that nobody uses afterwards.
 */
export function inspectKey(
  state: KeyState,
  look: { readonly stream: Stream; readonly lanes: Lanes; readonly at: number },
): KeyView {
  const { stream, lanes } = look;
  const latestAt = state.cells[latestCell] as number;
  const at = Math.max(look.at, latestAt);
  const early = { stream, lane: lanes.early, state, at };
  const final =
    lanes.final === undefined
      ? []
      : [{ stream, lane: lanes.final, state: finalStateOf(state), at }];
  const rules = Number.isFinite(at)
    ? [early, ...final].flatMap((looking) =>
        looking.lane.rules.map((rule) => inspectRule(looking, rule)),
      )
    : [];
  return { at, latestAt: Number.isFinite(latestAt) ? latestAt : undefined, rules };
}

function inspectRule(looking: Looking, rule: CompiledRule): RuleView {
  const { id, version, mode, sentence } = rule.definition;
  const { lane, state, stream } = looking;
  const pattern = lane.patterns[rule.pattern ?? -1];
  const runs = state.runs[rule.pattern ?? -1];
  return {
    ruleId: id,
    version,
    mode,
    time: lane.time,
    sentence,
    windows: [...slidingOf(looking, rule), ...bucketsOf(looking, rule)],
    partialMatches:
      pattern === undefined || runs === undefined
        ? []
        : partialMatchesOf(pattern.automaton, runs, stream.words.events),
    history: historyOf(looking, rule),
  };
}

function slidingOf(looking: Looking, rule: CompiledRule): readonly WindowView[] {
  const { lane, state, at } = looking;
  const asked = lane.slidings[rule.sliding ?? -1];
  if (asked === undefined) return [];
  const { window } = asked;
  const values = freshValues(lane);
  const stretch = window.at(state, at);
  window.write(state, stretch, values);
  const number = window.log.newestAt(state, at);
  return [
    windowView(looking, rule, {
      kind: "sliding",
      from: at - window.sizeMs,
      to: at,
      events: stretch.cells[0] ?? 0,
      eventIds: window.idsAt(state, { at, number, most: maxListedIds }),
      approximate: window.isFolded(state),
      values,
    }),
  ];
}

/** Windows that are open, or closed and not yet told. */
function bucketsOf(looking: Looking, rule: CompiledRule): readonly WindowView[] {
  const { lane, state, at } = looking;
  const asked = lane.buckets[rule.bucket ?? -1];
  if (asked === undefined) return [];
  const { window } = asked;
  const views: WindowView[] = [];
  for (let number = window.start(state); number < window.end(state); number++) {
    const closesAt = window.closesAt(state, number);
    if (!window.isDirty(state, number) && closesAt <= at) continue;
    const values = freshValues(lane);
    window.write(state, number, values);
    const view = windowView(looking, rule, {
      kind: window.options.window.kind,
      from: window.startOf(state, number),
      to: Number.isFinite(closesAt) ? closesAt : at,
      events: window.countOf(state, number),
      eventIds: window.idsOf(state, number),
      approximate: false,
      values,
    });
    views.push(view);
  }
  return views;
}

type Seen = Omit<WindowView, "values" | "limit" | "explanation"> & { readonly values: number[] };

function windowView(looking: Looking, rule: CompiledRule, seen: Seen): WindowView {
  const { stream } = looking;
  const named = valuesOf(looking, rule, { scope: "window", aggregates: seen.values });
  const limit = plainLimit(rule.definition, stream)?.limit;
  const { events, from, to } = seen;
  const counted = `${events} ${events === 1 ? stream.words.event : stream.words.events}`;
  const values = wordsOf(looking, rule, named);
  const limited = limit === undefined ? "" : `, limit ${limit}`;
  return {
    ...seen,
    values: named,
    limit,
    explanation: `${counted} from ${iso(from)} to ${iso(to)}: ${values}${limited}.`,
  };
}

function historyOf(looking: Looking, rule: CompiledRule): HistoryView | undefined {
  const { lane, state, at, stream } = looking;
  const asked = lane.histories[rule.history ?? -1];
  if (asked === undefined) return undefined;
  const { window } = asked;
  const values = freshValues(lane);
  window.write(state, at, values);
  const named = valuesOf(looking, rule, { scope: "history", aggregates: values });
  const { memoryMs } = window.options;
  const words = wordsOf(looking, rule, named);
  return {
    from: at - memoryMs,
    to: at,
    values: named,
    explanation: `The ${stream.words.key}'s own history over ${describeDuration(memoryMs)}: ${words}.`,
  };
}

function freshValues({ blank }: CompiledLane): number[] {
  return blank.values.slice();
}

/** The rule's aggregates over its window or history, by the texts that its author wrote. */
function valuesOf(
  { lane, stream, at }: Looking,
  rule: CompiledRule,
  from: { readonly scope: "window" | "history"; readonly aggregates: number[] },
): Readonly<Record<string, Value>> {
  const texts = aggregateTexts(rule.definition, from.scope);
  const { evaluation } = lane.scratch;
  evaluation.event = nobody(stream, at);
  evaluation.aggregates = from.aggregates;
  const leaves = rule.leaves.filter(({ name }) => texts.has(name));
  return Object.fromEntries(leaves.map(({ name, read }) => [name, read(evaluation)]));
}

function aggregateTexts(
  { plan }: RuleDefinition,
  scope: "window" | "history",
): ReadonlySet<string> {
  const texts = new Set<string>();
  if (plan.kind === "join") return texts;
  const conditions =
    plan.kind === "window"
      ? [plan.gate, ...(plan.having === undefined ? [] : [plan.having])]
      : plan.spec.stages.map(({ where }) => where);
  for (const { expression } of conditions) {
    for (const node of walk(expression)) {
      if (node.kind === "aggregate" && node.scope.kind === scope) texts.add(node.text);
    }
  }
  return texts;
}

/** Aggregates do not look at the event at hand; this one stands for none. */
function nobody(stream: Stream, at: number): StreamEvent {
  return { id: "", type: stream.judged[0] ?? "", at, values: [] };
}

function wordsOf(
  { stream }: Looking,
  { leaves }: CompiledRule,
  values: Readonly<Record<string, Value>>,
): string {
  const said = Object.entries(values).map(([name, value]) => {
    const type = leaves.find((leaf) => leaf.name === name)?.type ?? "";
    const known = value !== undefined && !Number.isNaN(value);
    return `${name} is ${known ? formatValue(value, type, stream.currency) : "not known"}`;
  });
  return said.length === 0 ? "nothing is counted" : said.join(", ");
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
