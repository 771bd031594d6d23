import { cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createProducer, type Producer } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { measureLatency } from "./bench/latency.ts";
import { createPayments } from "./bench/payments.ts";
import { preload } from "./bench/preload.ts";
import { measureRecovery } from "./bench/recovery.ts";
import { freePort, measureRequests } from "./bench/requests.ts";
import { measureThroughput } from "./bench/throughput.ts";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents, type EventClient } from "./command/event-client.ts";
import { activatePack } from "./replay/activate-pack.ts";
import { allScored } from "./replay/all-scored.ts";
import { startScorer } from "./replay/scorer-process.ts";
import { createWorkspace, type Workspace } from "./replay/workspace.ts";

const HELP = `Measures one scorer process, Kafka to Kafka, a decision for every payment.

  npm run bench:scorer -- [--records 200000] [--cards 50000] [--rates 500,2000] [--seconds 10]
                          [--requests 200] [--profile FOLDER]
  npm run bench:scorer -- --recovery

Throughput from a preloaded topic, start of the process included and not; then latency from the
intended time of sending to the decision read, at fixed rates, after three seconds at the first of them
that are not printed (the bench's own code is cold before); then the same of that many requests a
second to POST /transactions:score. Topics and database of its own.
--recovery measures instead how long it takes from a kill -9 to the next decision, with 1,000 cards
in the database and with a million.
--profile leaves a CPU profile of the scorer in FOLDER, to be opened with a browser's tools.
`;

interface Bench {
  readonly events: EventClient;
  readonly producer: Producer;
  readonly workspace: Workspace;
}

interface Settings {
  readonly records: number;
  readonly cards: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly requests: number;
  readonly profile: string | undefined;
}

const warmUpSeconds = 3;
/** As docker-compose.yml starts the scorer. */
const heapFlags = ["--max-old-space-size=512", "--max-semi-space-size=32"];

async function measure(bench: Bench, settings: Settings): Promise<void> {
  const { events, workspace } = bench;
  await activatePack(bench, "rules");
  await preload(bench, settings);
  const startedAt = performance.now();
  const { profile } = settings;
  const profiled = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const nodeFlags = [...heapFlags, ...profiled];
  const port = String(await freePort());
  const environment = { PORT: port, APP_ENV: "demo" };
  const scorer = startScorer(workspace, suiteAddresses(), { nodeFlags, environment });
  try {
    const throughput = await measureThroughput(
      { kafka: events.kafka, scorer, workspace },
      { records: settings.records, startedAt },
    );
    console.log(JSON.stringify({ machine: `${cpus().length} × ${cpus()[0]?.model}`, throughput }));
    const [firstRate] = settings.rates;
    if (firstRate !== undefined) {
      await measureLatency(bench, { ...settings, perSecond: firstRate, seconds: warmUpSeconds });
    }
    for (const perSecond of settings.rates) {
      const latency = await measureLatency(bench, { ...settings, perSecond });
      console.log(JSON.stringify({ latency }));
    }
    if (settings.requests === 0) return;
    const asked = { ...settings, perSecond: settings.requests };
    const requests = await measureRequests(`http://127.0.0.1:${port}`, asked);
    console.log(JSON.stringify({ requests }));
  } finally {
    await scorer.stop();
  }
}

async function measureRecoveries(bench: Bench): Promise<void> {
  const { events, workspace } = bench;
  const cards = 1_000;
  await activatePack(bench, "rules");
  const settings = { records: 5 * cards, cards };
  await preload(bench, settings);
  const scorer = startScorer(workspace, suiteAddresses());
  await Promise.race([allScored(events.kafka, workspace), scorer.failed]);
  await scorer.stop();
  for (const stored of [cards, 1_000_000]) {
    const payments = createPayments({
      codec: events.codec,
      topic: workspace.activity,
      cards,
      name: `recovery-${stored}`,
    });
    const recovery = await measureRecovery({ ...bench, payments }, stored);
    console.log(JSON.stringify({ recovery }));
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      records: { type: "string", default: "200000" },
      cards: { type: "string", default: "50000" },
      rates: { type: "string", default: "500,2000" },
      seconds: { type: "string", default: "10" },
      requests: { type: "string", default: "200" },
      profile: { type: "string" },
      recovery: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const addresses = suiteAddresses();
  const topics = ["card-activity", "fraud-decisions", "fraud-alerts"] as const;
  const events = await connectEvents(addresses, topics);
  const producer = createProducer({ kafka: events.kafka, logger: silentLogger });
  const id = `bench-${createUuidV7(systemClock).next().replaceAll("-", "").slice(0, 20)}`;
  const workspace = await createWorkspace(id, { ...addresses, kafka: events.kafka });
  const bench = { events, producer, workspace };
  try {
    if (values.recovery) return await measureRecoveries(bench);
    await measure(bench, {
      records: Number(values.records),
      cards: Number(values.cards),
      rates: values.rates.split(",").filter(Boolean).map(Number),
      seconds: Number(values.seconds),
      requests: Number(values.requests),
      profile: values.profile && resolve(values.profile),
    });
  } finally {
    await producer.stop();
    await workspace.remove();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
// A client that still tries to reconnect must not keep the command alive.
process.exit();
