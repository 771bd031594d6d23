import type { StoredSpan } from "@holdfast/telemetry/trace-store";
import { describe, expect, test } from "@jest/globals";
import { renderTrace } from "./render-trace.ts";
import { spanTrees, tornSpans } from "./span-tree.ts";

const span = (spanId: string, parts: Partial<StoredSpan> = {}): StoredSpan => ({
  traceId: "t",
  spanId,
  parentId: undefined,
  service: "order",
  name: spanId,
  startMs: 1_000,
  durationMs: 10,
  attributes: {},
  failed: false,
  links: [],
  ...parts,
});

const root = span("post /orders", { durationMs: 40 });
const query = span("insert", { parentId: root.spanId, attributes: { "db.system.name": "pg" } });
const late = span("process orders", {
  parentId: query.spanId,
  service: "payment",
  startMs: 1_030,
  attributes: { "holdfast.event_type": "OrderPlaced", "error.type": "TimeoutError" },
});
const early = span("send orders", {
  parentId: root.spanId,
  startMs: 1_005,
  links: [
    { traceId: "t", spanId: "x" },
    { traceId: "u", spanId: "y" },
    { traceId: "u", spanId: "z" },
  ],
});
const trace = [late, early, query, root];

describe("the tree of a trace", () => {
  test("has what a span caused below it, by start", () => {
    const [tree, ...others] = spanTrees(trace);
    expect(others).toEqual([]);
    expect(tree?.span).toBe(root);
    expect(tree?.children.map((node) => node.span.name)).toEqual(["insert", "send orders"]);
  });

  test("hangs the children of what is left out from the nearest span that is kept", () => {
    const [tree] = spanTrees(trace, ({ name }) => name !== "insert");
    expect(tree?.children.map((node) => node.span.name)).toEqual(["send orders", "process orders"]);
  });

  test("shows torn traces as several trees and names the torn places", () => {
    expect(spanTrees([root, late])).toHaveLength(2);
    expect(tornSpans([root, late])).toEqual([late]);
    expect(tornSpans(trace)).toEqual([]);
  });
});

describe("a printed trace", () => {
  const lines = renderTrace(trace, { queries: false });

  test("has a line a span with start, duration, service and what it was about", () => {
    expect(lines[0]).toMatch(/^ +0\.0 ms +40\.0 ms {2}█{24} {2}order +post \/orders$/);
    expect(lines[1]).toMatch(/order +├ send orders {2}links to 1 other trace$/);
    expect(lines[2]).toMatch(/30\.0 ms .*payment +└ process orders {2}OrderPlaced ✗ TimeoutError$/);
  });

  test("counts queries, and lists them when asked", () => {
    expect(lines.at(-2)).toContain("4 spans in 2 services, 40.0 ms; 1 database queries not shown");
    expect(renderTrace(trace, { queries: true }).join("\n")).toContain("insert");
  });

  test("names the traces that its spans rest on besides", () => {
    expect(lines.at(-1)).toBe("linked traces: u");
  });

  test("says so when it is torn", () => {
    expect(renderTrace([root, late], { queries: false }).at(-1)).toContain("1 spans hang loose");
  });
});
