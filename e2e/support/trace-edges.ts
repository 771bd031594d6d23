import {
  jaegerStore,
  type StoredSpan,
  type TraceStore,
  zipkinStore,
} from "@holdfast/telemetry/trace-store";
import { testStack } from "@holdfast/testkit";

/** A span of service `child` named `name` has a span of service `parent` as its parent. */
export type Edge = readonly [parent: string, child: string, name: string];

/** What every order does, whatever becomes of it. */
export const placed: readonly Edge[] = [
  ["order", "order", "idempotent /orders"],
  ["order", "order", "send orders"],
  ["order", "payment", "cdc orders"],
  ["order", "inventory", "cdc orders"],
  ["order", "notification", "cdc orders"],
  ["payment", "payment", "process orders"],
  ["inventory", "inventory", "send stock"],
  ["inventory", "order", "cdc stock"],
  ["payment", "payment", "send card-activity"],
  ["payment", "fraud-scoring", "cdc card-activity"],
  ["fraud-scoring", "fraud-scoring", "process card-activity"],
  ["fraud-scoring", "payment", "process fraud-decisions"],
  ["payment", "payment", "send payments"],
  ["payment", "order", "cdc payments"],
];

/** The provider has put money aside. */
export const authorised: readonly Edge[] = [
  ...placed,
  ["payment", "payment", "provider authorize"],
];

/** The money is there, and the customer knows it. */
export const confirmed: readonly Edge[] = [
  ...authorised,
  ["payment", "payment", "provider capture"],
  ["notification", "notification", "notify log"],
];

/** A rule asked for a person. */
export const alerted: readonly Edge[] = [
  ["fraud-scoring", "fraud-scoring", "raise alert"],
  ["fraud-scoring", "notification", "process fraud-alerts"],
];

/** Somebody or something ended the order: what was set aside goes back. */
export const cancelled: readonly Edge[] = [
  ["order", "order", "send orders"],
  ["order", "payment", "cdc orders"],
  ["order", "inventory", "cdc orders"],
  ["order", "notification", "cdc orders"],
  ["inventory", "inventory", "send stock"],
];

/** Zipkin in a native run without Jaeger; the address of a part that does not run throws. */
export function traceStore(): TraceStore {
  const { address } = testStack();
  try {
    return zipkinStore(address("zipkinUrl"));
  } catch {
    return jaegerStore(address("jaegerUrl"));
  }
}

const text = ([parent, child, name]: Edge): string => `${parent} → ${child} ${name}`;

function edgesOf(spans: readonly StoredSpan[]): Set<string> {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return new Set(
    spans.flatMap((span) => {
      const parent = span.parentId === undefined ? undefined : byId.get(span.parentId);
      return parent === undefined ? [] : [text([parent.service, span.service, span.name])];
    }),
  );
}

/**
 * What is wrong with a trace that should be connected, begin with one span and have the edges: each
 * edge that it lacks, each span whose parent is not there, and roots beside the first.
 */
export function faultsOf(spans: readonly StoredSpan[], expected: readonly Edge[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const edges = edgesOf(spans);
  const roots = spans.filter(({ parentId }) => parentId === undefined);
  return [
    ...expected.map(text).filter((edge) => !edges.has(edge)),
    ...spans
      .filter(({ parentId }) => parentId !== undefined && !ids.has(parentId))
      .map(({ service, name }) => `${service} ${name} hangs loose`),
    ...roots.slice(1).map(({ service, name }) => `${service} ${name} is a second root`),
  ];
}
