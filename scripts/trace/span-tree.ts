import type { StoredSpan } from "@holdfast/telemetry/trace-store";

/** A span with what it caused, by start. */
export interface SpanNode {
  readonly span: StoredSpan;
  readonly children: readonly SpanNode[];
}

/**
 * The spans of one trace as trees: one in a connected trace, more when parents are missing. Spans for
 * which `keep` is false are left out, and their children hang from the nearest span that is kept.
 */
export function spanTrees(
  spans: readonly StoredSpan[],
  keep: (span: StoredSpan) => boolean = () => true,
): SpanNode[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const keptParent = ({ parentId }: StoredSpan): string | undefined => {
    const parent = parentId === undefined ? undefined : byId.get(parentId);
    return parent === undefined || keep(parent) ? parent?.spanId : keptParent(parent);
  };
  const kept = spans.filter(keep).sort((a, b) => a.startMs - b.startMs);
  const below = Map.groupBy(kept, keptParent);
  const grow = (parentId: string | undefined): SpanNode[] =>
    (below.get(parentId) ?? []).map((span) => ({ span, children: grow(span.spanId) }));
  return grow(undefined);
}

/** Spans whose parent is named and is not there: the places where a trace is torn. */
export function tornSpans(spans: readonly StoredSpan[]): StoredSpan[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentId }) => parentId !== undefined && !ids.has(parentId));
}
