import { cpus } from "node:os";
import { resolve } from "node:path";
import { createProducer, type Producer } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { measureLatency, type OpenLoop } from "./bench/latency.ts";
import { createPayments } from "./bench/payments.ts";
import { preload } from "./bench/preload.ts";
import { measureRecovery, type Recovery } from "./bench/recovery.ts";
import { freePort, measureRequests, type Requests } from "./bench/requests.ts";
import { measureThroughput, type Throughput } from "./bench/throughput.ts";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents, type EventClient } from "./command/event-client.ts";
import { positive, runCommand } from "./command/run-command.ts";
import { activatePack } from "./replay/activate-pack.ts";
import { allScored } from "./replay/all-scored.ts";
import { startScorer } from "./replay/scorer-process.ts";
import { createWorkspace, type Workspace } from "./replay/workspace.ts";

const HELP = `Measures one scorer process, Kafka to Kafka, a decision for every payment.

  npm run bench:scorer -- [--records 200000] [--cards 50000] [--rates 500,2000] [--seconds 10]
                          [--requests 200] [--profile FOLDER] [--json]
  npm run bench:scorer -- --recovery [--json]

Throughput from a preloaded topic, start of the process included and not; then latency from the
intended time of sending to the decision read, at fixed rates, after three seconds at the first of them
that are not printed (the bench's own code is cold before); then the same of that many requests a
second to POST /transactions:score. Topics and database of its own.
--recovery measures instead how long it takes from a kill -9 to the next decision, with 1,000 cards
in the database and with a million.
--json prints a JSON object per measurement.
--profile leaves a CPU profile of the scorer in FOLDER, to be opened with a browser's tools.
`;

/** Tells a measurement, as it is or in words. */
type Tell = <T>(name: string, measured: T, describe: (measured: T) => string) => void;

interface Bench {
  readonly tell: Tell;
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
    bench.tell("throughput", throughput, describeThroughput);
    const [firstRate] = settings.rates;
    if (firstRate !== undefined) {
      await measureLatency(bench, { ...settings, perSecond: firstRate, seconds: warmUpSeconds });
    }
    for (const perSecond of settings.rates) {
      const latency = await measureLatency(bench, { ...settings, perSecond });
      bench.tell("latency", latency, describeLatency);
    }
    if (settings.requests === 0) return;
    const asked = { ...settings, perSecond: settings.requests };
    const requests = await measureRequests(`http://127.0.0.1:${port}`, asked);
    bench.tell("requests", requests, describeRequests);
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
    bench.tell("recovery", recovery, describeRecovery);
  }
}

const milliseconds = ({ p50, p95, p99, p999, max }: Omit<OpenLoop, "sentLateP99">): string =>
  `p50 ${p50}, p95 ${p95}, p99 ${p99}, p99.9 ${p999}, max ${max} ms`;

const describeThroughput = (of: Throughput): string =>
  `${of.perSecond} payments/s of ${of.records}, ${of.perCpuSecond} per second of the scorer's processor; ` +
  `the first after ${of.secondsToFirst} s, all after ${of.secondsFromStart} s; ${of.rssMb} MB resident`;

const describeLatency = (of: OpenLoop): string =>
  `${of.perSecond} payments/s, to the decision: ${milliseconds(of)}; sent late by ${of.sentLateP99} ms at p99`;

const describeRequests = (of: Requests): string =>
  `${of.perSecond} requests/s to POST /transactions:score: ${milliseconds(of)}; ` +
  `${of.decided} decided, ${of.pending} pending, ${of.failed} failed`;

const describeRecovery = (of: Recovery): string =>
  `${of.cards} cards stored, kill -9: ${of.secondsToFirstDecision} s to the next decision`;

/** With topics and a database of its own, which it leaves no trace of. */
async function withBench(tell: Tell, work: (bench: Bench) => Promise<void>): Promise<void> {
  const addresses = suiteAddresses();
  const topics = ["card-activity", "fraud-decisions", "fraud-alerts"] as const;
  const events = await connectEvents(addresses, topics);
  const producer = createProducer({ kafka: events.kafka, logger: silentLogger });
  const id = `bench-${createUuidV7(systemClock).next().replaceAll("-", "").slice(0, 20)}`;
  const workspace = await createWorkspace(id, { ...addresses, kafka: events.kafka });
  try {
    await work({ tell, events, producer, workspace });
  } finally {
    await producer.stop();
    await workspace.remove();
  }
}

await runCommand({
  help: HELP,
  options: {
    records: { type: "string", default: "200000" },
    cards: { type: "string", default: "50000" },
    rates: { type: "string", default: "500,2000" },
    seconds: { type: "string", default: "10" },
    requests: { type: "string", default: "200" },
    profile: { type: "string" },
    recovery: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  run: async ({ values }) => {
    const settings: Settings = {
      records: positive("records", values.records),
      cards: positive("cards", values.cards),
      rates: values.rates
        .split(",")
        .filter(Boolean)
        .map((rate) => positive("rates", rate)),
      seconds: positive("seconds", values.seconds),
      requests: Number(values.requests),
      profile: values.profile && resolve(values.profile),
    };
    const tell: Tell = (name, measured, describe) =>
      console.log(values.json ? JSON.stringify({ [name]: measured }) : describe(measured));
    tell(
      "machine",
      `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`,
      String,
    );
    await withBench(tell, (bench) =>
      values.recovery ? measureRecoveries(bench) : measure(bench, settings),
    );
    return 0;
  },
});
// A client that still tries to reconnect must not keep the command alive.
process.exit();
