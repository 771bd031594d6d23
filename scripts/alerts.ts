import { tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { alertJson, alertLine } from "./alerts/alert-line.ts";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents } from "./command/event-client.ts";
import { positive, runCommand } from "./command/run-command.ts";

const HELP = `Shows fraud alerts as they are raised, one line each.

  npm run alerts -- [options]

  --from-beginning    all alerts on the topic first
  --max N             end after N alerts
  --timeout SECONDS   end after this time; exit 1 when --max was not reached by then
  --json              one JSON object per line
  --topic NAME        default fraud-alerts

Addresses: KAFKA_BROKERS and SCHEMA_REGISTRY_URL, else those of the running demo.
`;

interface Options {
  readonly topic: string;
  readonly fromBeginning: boolean;
  readonly json: boolean;
  readonly max: number;
  readonly timeoutMs: number;
}

/** Prints alerts until enough were seen, the time is over or the process is interrupted. */
async function show(options: Options): Promise<number> {
  const { kafka, codec } = await connectEvents(suiteAddresses(), ["fraud-alerts"]);
  const ending = new AbortController();
  const end = () => ending.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  if (Number.isFinite(options.timeoutMs)) setTimeout(end, options.timeoutMs).unref();
  let shown = 0;
  for await (const { value } of tail({
    kafka,
    topics: [options.topic],
    from: options.fromBeginning ? "beginning" : "now",
    maxRecords: options.max,
    signal: ending.signal,
    onReady: () => console.error(`watching ${options.topic}`),
    logger: silentLogger,
  })) {
    if (value === null) continue;
    const decoded = codec.decode(options.topic, value);
    if (decoded.type !== "FraudAlertRaised") continue;
    console.log(options.json ? alertJson(decoded.event) : alertLine(decoded.event));
    shown += 1;
  }
  return Number.isFinite(options.max) && shown < options.max ? 1 : 0;
}

await runCommand({
  help: HELP,
  options: {
    "from-beginning": { type: "boolean", default: false },
    max: { type: "string", default: "Infinity" },
    timeout: { type: "string", default: "Infinity" },
    topic: { type: "string", default: "fraud-alerts" },
    json: { type: "boolean", default: false },
  },
  run: ({ values }) => {
    const [max, timeout] = [positive("max", values.max), positive("timeout", values.timeout)];
    const { topic, json, "from-beginning": fromBeginning } = values;
    return show({ topic, json, max, timeoutMs: timeout * 1000, fromBeginning });
  },
});
