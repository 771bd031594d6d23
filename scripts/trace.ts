import { jaegerStore, type TraceStore, zipkinStore } from "@holdfast/telemetry/trace-store";
import { suiteAddresses } from "./command/addresses.ts";
import { Misuse, runCommand } from "./command/run-command.ts";
import { type FoundTrace, findTraces, readTraces } from "./trace/find-traces.ts";
import { renderTrace } from "./trace/render-trace.ts";

const HELP = `Prints what happened to an order, as a tree of spans with their durations.

  npm run trace -- ORDER_ID [options]
  npm run trace -- TRACE_ID [options]     the trace_id of an answer or a log line

  --queries   database queries as well
  --json      the spans as JSON, one trace a line

Exit code 1 when the store has no such trace. The store is ZIPKIN_URL or JAEGER_URL, else the running
demo's. Both keep traces in memory: a restart forgets them.
`;

const TRACE_ID = /^[0-9a-f]{32}$/;

function traceStore(): TraceStore {
  const { zipkinUrl, jaegerUrl } = suiteAddresses();
  return zipkinUrl === undefined
    ? jaegerStore(jaegerUrl ?? "", process.env["JAEGER_PAGES_URL"])
    : zipkinStore(zipkinUrl);
}

function print({ traceId, spans }: FoundTrace, link: string, queries: boolean): void {
  const begun = new Date(spans[0]?.startMs ?? 0).toISOString();
  console.log(`trace ${traceId}, begun ${begun}`);
  for (const line of renderTrace(spans, { queries })) console.log(line);
  console.log(`${link}\n`);
}

async function show(id: string, { json, queries }: { json: boolean; queries: boolean }) {
  const store = traceStore();
  const traces = TRACE_ID.test(id)
    ? await readTraces(store, [id])
    : await findTraces(store, id, Date.now());
  for (const trace of traces) {
    if (json) console.log(JSON.stringify(trace));
    else print(trace, store.link(trace.traceId), queries);
  }
  if (traces.length > 0) return 0;
  console.error(`The store has no trace of ${id}: it was not sampled, or the store was restarted.`);
  return 1;
}

await runCommand({
  help: HELP,
  options: {
    queries: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  words: 1,
  run: ({ values, positionals: [id] }) => {
    if (!id) throw new Misuse("Which order, or which trace?");
    return show(id, values);
  },
});
