/** Reading traces back, for tests and commands: one interface over Zipkin's and Jaeger's query APIs. */
import { readLinks, zipkinLinks } from "./zipkin-links.ts";

/** A finished span as the store has it. */
export interface StoredSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentId: string | undefined;
  readonly service: string;
  /** Zipkin stores names in lower case. */
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether the work ended with an error. */
  readonly failed: boolean;
  /** Other spans that this one rests on: the records of a batch, the payments behind an alert. */
  readonly links: readonly SpanLink[];
}

/** A span of any trace. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** A trace store's query side. Methods reject when the store does not answer. */
export interface TraceStore {
  /** Every span of the trace, by start; empty when the trace is not there (yet). */
  read(traceId: string): Promise<StoredSpan[]>;
  /** Ids of recent traces in which a span of `service` has the attribute. */
  search(query: TraceQuery): Promise<string[]>;
  /** Where a person looks at the trace. */
  link(traceId: string): string;
}

export interface TraceQuery {
  readonly service: string;
  readonly attribute: string;
  readonly value: string;
  /** Looks back from here; milliseconds since the epoch. */
  readonly nowMs: number;
}

const TIMEOUT_MS = 5_000;
const LIMIT = 20;
const LOOK_BACK_MS = 86_400_000;

async function getJson(url: URL): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the trace store answered ${response.status}`);
  return response.json();
}

const byStart = (a: StoredSpan, b: StoredSpan): number => a.startMs - b.startMs;

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly timestamp?: number;
  readonly duration?: number;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly tags?: Readonly<Record<string, string>>;
}

const fromZipkin = (span: ZipkinSpan): StoredSpan => ({
  traceId: span.traceId,
  spanId: span.id,
  parentId: span.parentId,
  service: span.localEndpoint?.serviceName ?? "",
  name: span.name ?? "",
  startMs: (span.timestamp ?? 0) / 1000,
  durationMs: (span.duration ?? 0) / 1000,
  attributes: span.tags ?? {},
  failed: span.tags?.["otel.status_code"] === "ERROR",
  links: readLinks(span.tags?.[zipkinLinks]),
});

/** The query side of Zipkin (API v2) at `url`, such as http://127.0.0.1:9411. */
export function zipkinStore(url: string): TraceStore {
  return {
    async read(traceId) {
      const spans = await getJson(new URL(`/api/v2/trace/${traceId}`, url));
      return ((spans ?? []) as ZipkinSpan[]).map(fromZipkin).sort(byStart);
    },
    async search({ service, attribute, value, nowMs }) {
      const query = new URL("/api/v2/traces", url);
      query.searchParams.set("serviceName", service);
      query.searchParams.set("annotationQuery", `${attribute}=${value}`);
      query.searchParams.set("endTs", String(Math.ceil(nowMs)));
      query.searchParams.set("lookback", String(LOOK_BACK_MS));
      query.searchParams.set("limit", String(LIMIT));
      const traces = ((await getJson(query)) ?? []) as ZipkinSpan[][];
      return [
        ...new Set(traces.flatMap(([first]) => (first === undefined ? [] : [first.traceId]))),
      ];
    },
    link: (traceId) => new URL(`/zipkin/traces/${traceId}`, url).toString(),
  };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number | string };
  readonly links?: readonly SpanLink[];
}

/** Spans as OTLP has them in JSON: in an export request, and in Jaeger's answers. */
export interface OtlpTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

const textOf = ({ value }: OtlpAttribute): string => String(Object.values(value)[0] ?? "");

const attributesOf = (list: readonly OtlpAttribute[] = []): Record<string, string> =>
  Object.fromEntries(list.map((attribute) => [attribute.key, textOf(attribute)]));

/** Ids arrive in hexadecimal, or in base64 from servers that follow protobuf's JSON mapping. */
const hexId = (id: string, digits: number): string =>
  id.length === digits ? id.toLowerCase() : Buffer.from(id, "base64").toString("hex");

const milliseconds = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1000n) / 1000;

function fromOtlp(span: OtlpSpan, service: string): StoredSpan {
  const startMs = milliseconds(span.startTimeUnixNano);
  const parent = span.parentSpanId ?? "";
  return {
    traceId: hexId(span.traceId, 32),
    spanId: hexId(span.spanId, 16),
    parentId: parent === "" ? undefined : hexId(parent, 16),
    service,
    name: span.name,
    startMs,
    durationMs: milliseconds(span.endTimeUnixNano) - startMs,
    attributes: attributesOf(span.attributes),
    failed: [2, "STATUS_CODE_ERROR"].includes(span.status?.code ?? 0),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({
      traceId: hexId(traceId, 32),
      spanId: hexId(spanId, 16),
    })),
  };
}

function spansOf(answer: unknown): StoredSpan[] {
  return spansOfOtlp((answer as { result?: OtlpTraces } | undefined)?.result ?? {});
}

/** The spans of an OTLP document, in its order. */
export function spansOfOtlp({ resourceSpans = [] }: OtlpTraces): StoredSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = attributesOf(resource?.attributes)["service.name"] ?? "";
    return scopeSpans.flatMap(({ spans = [] }) => spans.map((span) => fromOtlp(span, service)));
  });
}

/**
 * The query side of Jaeger (API v3) at `url`, such as http://127.0.0.1:16686. Traces are asked for raw: for
 * its own view Jaeger moves times by the clock skew that it supposes, and while two readers look at a trace
 * in its memory it has been seen to swap the attributes' values. `pagesUrl` is where a person's browser finds it.
 */
export function jaegerStore(url: string, pagesUrl: string = url): TraceStore {
  return {
    async read(traceId) {
      const query = new URL(`/api/v3/traces/${traceId}?raw_traces=true`, url);
      return spansOf(await getJson(query)).sort(byStart);
    },
    async search({ service, attribute, value, nowMs }) {
      // The API of Jaeger's own pages: version 3 takes no attributes over HTTP, and answers with any traces.
      const query = new URL("/api/traces", url);
      query.searchParams.set("service", service);
      query.searchParams.set("tags", JSON.stringify({ [attribute]: value }));
      query.searchParams.set("start", String((nowMs - LOOK_BACK_MS) * 1000));
      query.searchParams.set("end", String(nowMs * 1000));
      query.searchParams.set("limit", String(LIMIT));
      query.searchParams.set("raw", "true");
      const answer = (await getJson(query)) as { data?: { traceID: string }[] | null } | undefined;
      return (answer?.data ?? []).map(({ traceID }) => traceID);
    },
    link: (traceId) => new URL(`/trace/${traceId}`, pagesUrl).toString(),
  };
}
