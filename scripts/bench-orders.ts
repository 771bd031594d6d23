/** The command `npm run bench:orders`. */
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { createRandom } from "@holdfast/traffic";
import { type Latency, median, medianLatency } from "./bench-orders/figures.ts";
import { type RunFigures, runAtRate } from "./bench-orders/run.ts";
import { watchOrders } from "./bench-orders/sightings.ts";
import { registerCards, stockShelf } from "./chaos/shelf.ts";
import { positive, runCommand } from "./command/run-command.ts";
import { startSuite } from "./command/suite.ts";

const HELP = `Measures how long orders take, on a native suite of its own, with customers who do not wait for each other.

  npm run bench:orders -- [options]

  --rates A,B,C    orders a second (default 20,50,100)
  --seconds T      length of a run (default 20)
  --runs N         runs per rate; each figure is the median of them (default 3)
  --sustain        then raise the rate as long as every queue is empty 5 s after the end
  --json FILE      the figures as JSON
`;

const cardsOnFile = 400;
const drainGoalMs = 5_000;
const rateStep = 25;

interface BenchOptions {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly runs: number;
  readonly sustain: boolean;
  readonly jsonFile: string | undefined;
}

interface RateFigures extends Omit<RunFigures, "drainedMs"> {
  readonly ratePerSecond: number;
  readonly drainedMs: number;
}

/** Each figure's median over the runs. */
function mediansOf(ratePerSecond: number, runs: readonly RunFigures[]): RateFigures {
  const latency = (name: "post" | "decision" | "confirmed" | "alert") =>
    medianLatency(runs.map((run) => run[name]));
  return {
    ratePerSecond,
    sent: median(runs.map(({ sent }) => sent)),
    accepted: median(runs.map(({ accepted }) => accepted)),
    post: latency("post"),
    decision: latency("decision"),
    confirmed: latency("confirmed"),
    alert: latency("alert"),
    drainedMs: median(runs.map(({ drainedMs }) => drainedMs ?? Number.POSITIVE_INFINITY)),
  };
}

function render({ ratePerSecond, sent, accepted, drainedMs, ...latencies }: RateFigures): string {
  const row = (name: string, { count, p50, p99, p999 }: Latency) =>
    `  ${name.padEnd(20)} p50 ${ms(p50)}  p99 ${ms(p99)}  p99.9 ${ms(p999)}   (${count})`;
  return [
    `${ratePerSecond} orders/s: ${accepted} of ${sent} accepted, queues empty ${ms(drainedMs).trim()} after the end`,
    row("POST /orders", latencies.post),
    row("order → decision", latencies.decision),
    row("order → confirmed", latencies.confirmed),
    row("order → alert", latencies.alert),
  ].join("\n");
}

function ms(value: number): string {
  return `${Number.isFinite(value) ? value.toFixed(0) : "–"} ms`.padStart(8);
}

function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB, Node ${process.version}, ${process.platform}`;
}

async function bench({ rates, seconds, runs, sustain, jsonFile }: BenchOptions): Promise<void> {
  console.log(describeMachine());
  console.log(
    `one product a basket, ${cardsOnFile} cards, every two seconds four dear payments on one card; ` +
      `${runs} runs of ${seconds} s, medians; everything on this machine, the sender too`,
  );
  const suite = await startSuite({ name: `bench-${process.pid}` });
  try {
    const shelf = await stockShelf(suite);
    const sightings = await watchOrders(suite.kafka, suite.codec);
    let runsSoFar = 0;
    // Every run has keys of its own: a key that comes again with another card is refused.
    const runAt = async (ratePerSecond: number): Promise<RunFigures> => {
      const seed = `${ratePerSecond}-${++runsSoFar}`;
      const cards = await registerCards(suite, createRandom(seed), cardsOnFile);
      return runAtRate({ suite, shelf, sightings, cards, ratePerSecond, seconds, seed });
    };
    const measure = async (ratePerSecond: number, count: number): Promise<RateFigures> => {
      const figures: RunFigures[] = [];
      for (let run = 1; run <= count; run += 1) figures.push(await runAt(ratePerSecond));
      const result = mediansOf(ratePerSecond, figures);
      console.log(render(result));
      return result;
    };
    await runAt(20); // a cold suite is measured by nobody
    const results: RateFigures[] = [];
    for (const rate of rates) results.push(await measure(rate, runs));
    if (sustain) await raise(Math.max(...rates), measure);
    await sightings.stop();
    if (jsonFile !== undefined) {
      writeFileSync(
        jsonFile,
        `${JSON.stringify({ machine: describeMachine(), results }, null, 2)}\n`,
      );
    }
  } finally {
    await suite.stop();
  }
}

/** Raises the rate from `from` on until the suite falls behind; prints the last rate that it sustained. */
async function raise(
  from: number,
  measure: (rate: number, runs: number) => Promise<RateFigures>,
): Promise<void> {
  let sustained = 0;
  for (let rate = from; ; rate += rateStep) {
    const { drainedMs, accepted, sent } = await measure(rate, 1);
    if (drainedMs > drainGoalMs || accepted < sent) break;
    sustained = rate;
  }
  console.log(`sustained: ${sustained} orders/s`);
}

await runCommand({
  help: HELP,
  options: {
    rates: { type: "string", default: "20,50,100" },
    seconds: { type: "string", default: "20" },
    runs: { type: "string", default: "3" },
    sustain: { type: "boolean", default: false },
    json: { type: "string" },
  },
  run: async ({ values }) => {
    await bench({
      rates: values.rates.split(",").map((rate) => positive("rates", rate)),
      seconds: positive("seconds", values.seconds),
      runs: positive("runs", values.runs),
      sustain: values.sustain,
      jsonFile: values.json,
    });
    return 0;
  },
});
// A client that still tries to reconnect must not keep the command alive.
process.exit();
