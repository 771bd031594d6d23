import { walk } from "../language/expression.ts";
import type { Scope } from "../language/scope.ts";
import { didYouMean } from "../language/suggest.ts";
import type { Condition, WindowPlan, WindowSpec } from "./definition.ts";
import type { MapReader } from "./map-reader.ts";
import { always, readCondition } from "./read-condition.ts";

const windowKinds = ["sliding", "tumbling", "session", "global"] as const;

/** Reads `on`, `where`, `over`, `window` and `having`. */
export function readWindowPlan(reader: MapReader, scope: Scope): WindowPlan | undefined {
  const types = readTypes(reader, scope);
  const window = readWindow(reader);
  const gate = readCondition(reader, "where", { scope, types }) ?? always(scope, types);
  const over = readCondition(reader, "over", { scope: { ...scope, history: false } });
  const having = readCondition(reader, "having", { scope: { ...scope, window: true } });
  const windowed = reader.has("window");
  if (reader.has("over") && !windowed) {
    reader.report(
      reader.keyNode("over"),
      '"over" fills a window: declare one, as in window: { sliding: 10m }.',
    );
  }
  if (reader.has("having") && !windowed) {
    reader.report(
      reader.keyNode("having"),
      '"having" judges a window: declare one, as in window: { sliding: 10m }.',
    );
  }
  if (windowed && !reader.has("having")) {
    reader.report(
      reader.keyNode("window"),
      'A window needs a "having" that judges it, as in having: count() >= 3.',
    );
  }
  if (!windowed && !reader.has("where")) {
    reader.report(reader.map, 'A rule needs a "where", a "window", a "pattern" or a "join".');
  }
  checkFilter(reader, over ?? gate, windowed);
  return { kind: "window", window, fill: over ?? gate, gate, having };
}

/** What fills a window must be decided by the event alone, or history would decide it twice. */
function checkFilter(reader: MapReader, fill: Condition, windowed: boolean): void {
  if (!windowed) return;
  for (const node of walk(fill.expression)) {
    const foreign = node.kind === "aggregate" || (node.kind === "field" && node.source !== "event");
    if (!foreign) continue;
    const name = reader.has("over") ? "over" : "where";
    const message = "What fills a window is decided by the event alone: move this into having.";
    reader.report(reader.node(name), message);
    return;
  }
}

function readTypes(reader: MapReader, scope: Scope): readonly string[] | undefined {
  const types = reader.texts("on");
  for (const type of types ?? []) {
    if (scope.stream.types.includes(type)) continue;
    reader.report(
      reader.node("on"),
      `Unknown event type "${type}": ${didYouMean(type, scope.stream.types)}`,
    );
  }
  if (types?.length === 0) {
    reader.report(reader.node("on"), '"on" names no event type: the rule would see nothing.');
  }
  return types;
}

function readWindow(reader: MapReader): WindowSpec | undefined {
  const window = reader.child("window");
  if (window === undefined) return undefined;
  window.allow(windowKinds);
  const kinds = windowKinds.filter((kind) => window.has(kind));
  if (kinds.length !== 1) {
    window.report(
      window.map,
      `A window is one of ${windowKinds.join(", ")}, as in { sliding: 60s }.`,
    );
    return undefined;
  }
  if (window.has("global")) return readGlobal(window);
  if (window.has("session")) {
    const gapMs = window.duration("session");
    return gapMs === undefined ? undefined : { kind: "session", gapMs };
  }
  const kind = window.has("sliding") ? "sliding" : "tumbling";
  const sizeMs = window.duration(kind);
  return sizeMs === undefined ? undefined : { kind, sizeMs };
}

function readGlobal(window: MapReader): WindowSpec | undefined {
  const trigger = window.child("global");
  trigger?.allow(["count", "time"]);
  if (trigger === undefined) return undefined;
  const count = trigger.integer("count", { min: 1, max: 1_000_000 });
  const timeMs = trigger.duration("time");
  if (trigger.has("count") === trigger.has("time")) {
    trigger.report(trigger.map, "A global window fires by count or by time, as in { count: 100 }.");
  }
  if (count !== undefined) return { kind: "global", count };
  return timeMs === undefined ? undefined : { kind: "global", timeMs };
}
