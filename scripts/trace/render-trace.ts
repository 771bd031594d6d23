import type { StoredSpan } from "@holdfast/telemetry/trace-store";
import { type SpanNode, spanTrees, tornSpans } from "./span-tree.ts";

const SERVICE_WIDTH = 17;
const BAR_WIDTH = 24;

/** What a person wants to read beside a span's name, in this order. */
const NOTES: readonly string[] = [
  "holdfast.event_type",
  "holdfast.rule_id",
  "holdfast.outcome",
  "holdfast.result",
  "http.response.status_code",
];

const isQuery = ({ attributes }: StoredSpan): boolean =>
  "db.system.name" in attributes || "db.operation.name" in attributes;

/** How much of a trace to show. */
export interface RenderOptions {
  /** Database queries as well. */
  readonly queries: boolean;
}

/**
 * A trace as text: a line for each span with its start (from the trace's first), its duration, where it
 * lies in the whole, and what it was about. Queries are counted and not listed unless asked for.
 */
export function renderTrace(spans: readonly StoredSpan[], { queries }: RenderOptions): string[] {
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  const trees = spanTrees(spans, queries ? undefined : (span) => !isQuery(span));
  const rows = trees.flatMap((tree) => rowsOf(tree, { indent: "", branch: "" }));
  const frame = { startMs, lengthMs: Math.max(endMs - startMs, 0.001) };
  return [
    ...rows.map((row) => spanLine(row, frame)),
    ...closingLines(spans, frame.lengthMs, queries),
  ];
}

interface Frame {
  readonly startMs: number;
  readonly lengthMs: number;
}

interface Row {
  readonly span: StoredSpan;
  /** The branches of the tree, and the span's name. */
  readonly label: string;
}

function rowsOf({ span, children }: SpanNode, place: { indent: string; branch: string }): Row[] {
  const { indent, branch } = place;
  const below = children.flatMap((child, index) => {
    const last = index === children.length - 1;
    const under = indent + (branch === "" ? "" : branch === "└ " ? "  " : "│ ");
    return rowsOf(child, { indent: under, branch: last ? "└ " : "├ " });
  });
  return [{ span, label: `${indent}${branch}${span.name}` }, ...below];
}

/** The name comes last: an order's trace is twenty spans deep, and no name may be cut for it. */
function spanLine({ span, label }: Row, frame: Frame): string {
  return [
    milliseconds(span.startMs - frame.startMs),
    milliseconds(span.durationMs),
    bar(span, frame),
    span.service.padEnd(SERVICE_WIDTH),
    label,
    notes(span),
  ]
    .join("  ")
    .trimEnd();
}

function milliseconds(value: number): string {
  const text = value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(1)} ms`;
  return text.padStart(10);
}

function bar(span: StoredSpan, { startMs, lengthMs }: Frame): string {
  const at = (ms: number) => Math.round(((ms - startMs) / lengthMs) * BAR_WIDTH);
  const from = Math.min(at(span.startMs), BAR_WIDTH - 1);
  const to = Math.max(at(span.startMs + span.durationMs), from + 1);
  return `${"·".repeat(from)}${"█".repeat(to - from)}${"·".repeat(BAR_WIDTH - to)}`;
}

/** The other traces that spans link to, each once. */
const linkedTraces = (spans: readonly StoredSpan[]): string[] => [
  ...new Set(
    spans.flatMap(({ links, traceId }) =>
      links.map((link) => link.traceId).filter((id) => id !== traceId),
    ),
  ),
];

function notes(span: StoredSpan): string {
  const { attributes } = span;
  const told = NOTES.flatMap((name) => attributes[name] ?? []);
  const attempt = Number(attributes["holdfast.attempt"] ?? 1);
  const error = attributes["error.type"];
  const others = linkedTraces([span]).length;
  return [
    ...told,
    ...(others > 0 ? [`links to ${others} other trace${others > 1 ? "s" : ""}`] : []),
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(error === undefined ? [] : [`✗ ${error}`]),
  ].join(" ");
}

function closingLines(spans: readonly StoredSpan[], lengthMs: number, queries: boolean): string[] {
  const services = new Set(spans.map(({ service }) => service));
  const hidden = queries ? 0 : spans.filter(isQuery).length;
  const torn = tornSpans(spans).length;
  const total = milliseconds(lengthMs).trim();
  const linked = linkedTraces(spans);
  return [
    `${spans.length} spans in ${services.size} services, ${total}` +
      (hidden > 0 ? `; ${hidden} database queries not shown (--queries)` : ""),
    ...(linked.length > 0 ? [`linked traces: ${linked.join(" ")}`] : []),
    ...(torn > 0 ? [`${torn} spans hang loose: their parents are not in the store`] : []),
  ];
}
