import { createProducer, type Producer, tail } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import { silentLogger } from "@holdfast/telemetry";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents, type EventClient } from "./command/event-client.ts";
import { conclude } from "./command/run-command.ts";
import { activatePack, readValidPack } from "./replay/activate-pack.ts";
import { allScored } from "./replay/all-scored.ts";
import { HELP, parseOptions, type ReplayOptions } from "./replay/options.ts";
import { readExchangeTable } from "./replay/payment-requested.ts";
import { type Published, publishTransactions } from "./replay/publish.ts";
import { readTransactions } from "./replay/read-transactions.ts";
import { ReplayReport, reportText } from "./replay/report.ts";
import { startScorer } from "./replay/scorer-process.ts";
import { createWorkspace, type Workspace } from "./replay/workspace.ts";

const ids = createUuidV7(systemClock);

interface Replay {
  readonly options: ReplayOptions;
  readonly events: EventClient;
  readonly producer: Producer;
  readonly workspace: Workspace;
}

async function publish({ options, events, producer, workspace }: Replay): Promise<Published> {
  const progress: Published = { rows: 0, published: 0, refused: 0, problems: [] };
  const rows = readTransactions(options.input, options.mapping);
  const exchange = readExchangeTable();
  const target = { producer, codec: events.codec, topic: workspace.activity, exchange };
  const timer = setInterval(() => console.error(`${progress.published} published`), 2_000);
  try {
    const { pace, limit } = options;
    await publishTransactions(rows, target, { pace, limit, progress });
  } finally {
    clearInterval(timer);
  }
  return progress;
}

async function readOutputs({ events, workspace }: Replay): Promise<ReplayReport> {
  const report = new ReplayReport();
  const topics = [workspace.decisions, workspace.alerts];
  const { kafka, codec } = events;
  const records = tail({ kafka, topics, from: "beginning", until: "end", logger: silentLogger });
  for await (const { topic, value } of records) {
    if (value === null) continue;
    const decoded = codec.decode(topic, value);
    if (decoded.type === "FraudDecided") report.decided(decoded.event);
    if (decoded.type === "FraudAlertRaised") report.alerted(decoded.event);
  }
  return report;
}

async function run(replay: Replay, interruption: Promise<never>): Promise<void> {
  const { workspace, options, events } = replay;
  await activatePack(replay, options.rules);
  const scorer = startScorer(workspace, suiteAddresses());
  const startedAt = performance.now();
  try {
    const published = await Promise.race([publish(replay), scorer.failed, interruption]);
    await Promise.race([allScored(events.kafka, workspace), scorer.failed, interruption]);
    const seconds = (performance.now() - startedAt) / 1000;
    const report = await readOutputs(replay);
    if (options.json) console.log(JSON.stringify({ ...published, seconds, ...report.toJSON() }));
    else console.log(reportText(report, published, seconds));
  } finally {
    await scorer.stop();
  }
}

async function main(options: ReplayOptions): Promise<void> {
  const addresses = suiteAddresses();
  readValidPack(options.rules);
  const events = await connectEvents(addresses, [
    "card-activity",
    "fraud-decisions",
    "fraud-alerts",
  ]);
  const producer = createProducer({ kafka: events.kafka, logger: silentLogger });
  const id = `replay-${ids.next().replaceAll("-", "").slice(0, 20)}`;
  const workspace = await createWorkspace(id, { ...addresses, kafka: events.kafka });
  try {
    await run({ options, events, producer, workspace }, interrupted());
  } finally {
    await producer.stop();
    if (options.keep) console.error(`kept: topics ${workspace.prefix}*, ${workspace.databaseUrl}`);
    else await workspace.remove();
  }
}

/** Rejects at the first interruption, so that what was made is removed. */
function interrupted(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => reject(new Error("interrupted")));
  }
  return promise;
}

await conclude(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) console.log(HELP);
  else await main(options);
  return 0;
});
// A client that still tries to reconnect must not keep the command alive.
process.exit();
