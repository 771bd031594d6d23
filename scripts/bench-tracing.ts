/** The command `npm run bench:tracing`. */
import { cpus } from "node:os";
import { median } from "./bench-orders/figures.ts";
import { type OrderRates, orderRates } from "./bench-tracing/orders.ts";
import { type ScorerRates, scorerRates, tracingVariables } from "./bench-tracing/scorer.ts";
import { createSpanSink } from "./bench-tracing/span-sink.ts";
import { positive, runCommand } from "./command/run-command.ts";
import { startSuite } from "./command/suite.ts";

const HELP = `Measures what tracing every order costs: the same load with it and without, in turns.

  npm run bench:tracing -- [options]

  --rounds N      runs of each kind, on, off, on, off …; figures are medians (default 3)
  --seconds T     length of the orders' load, after ten seconds to warm up (default 20)
  --customers N   who each wait for their order before the next one (default 32)
  --records N     payments for the scorer (default 200000)

A native suite of its own for each run. Spans go to a collector that keeps nothing, in a process of its own.
`;

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly customers: number;
  readonly records: number;
}

type Figures = OrderRates & ScorerRates;

const cards = 50_000;

async function measure(mode: "on" | "off", settings: Settings): Promise<Figures> {
  const sink = await createSpanSink();
  const endpoint = mode === "on" ? sink.endpoint : undefined;
  const variables = tracingVariables(endpoint);
  const suite = await startSuite({ name: `tracing-${mode}-${process.pid}`, variables });
  try {
    const orders = await orderRates(suite, sink, settings);
    const spanBytes = await sink.bytes();
    if (spanBytes > 0 !== (mode === "on")) throw new Error(`${spanBytes} bytes of spans came`);
    const figures = { ...orders, ...(await scorerRates(suite, { ...settings, cards, endpoint })) };
    console.log(`tracing ${mode.padEnd(3)} ${describe(figures)}`);
    return figures;
  } finally {
    await suite.stop();
    await sink.close();
  }
}

const describe = (figures: Figures): string =>
  `${figures.ordersPerSecond.toFixed(1).padStart(6)} orders/s confirmed; an order takes ` +
  `${figures.servicesMsPerOrder.toFixed(1)} ms of the services' processors and ` +
  `${figures.sinkMsPerOrder.toFixed(1)} ms of the span sink's; the scorer ${figures.perSecond} ` +
  `payments/s, ${figures.perCpuSecond} per second of its processor`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

async function bench(settings: Settings): Promise<void> {
  console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}`);
  const on: Figures[] = [];
  const off: Figures[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    on.push(await measure("on", settings));
    off.push(await measure("off", settings));
  }
  const of = (runs: readonly Figures[], name: keyof Figures) =>
    median(runs.map((run) => run[name]));
  const row = (what: string, name: keyof Figures, cost: (on: number, off: number) => number) =>
    `${what}: ${of(on, name).toFixed(1)} with tracing, ${of(off, name).toFixed(1)} without; ` +
    `tracing costs ${percent(cost(of(on, name), of(off, name)))}`;
  const less = (on: number, off: number): number => 1 - on / off;
  const more = (on: number, off: number): number => on / off - 1;
  console.log(`medians of ${settings.rounds}:`);
  console.log(row("orders confirmed a second", "ordersPerSecond", less));
  console.log(row("ms of the services' processors an order", "servicesMsPerOrder", more));
  console.log(`ms of the span sink's processor an order: ${of(on, "sinkMsPerOrder").toFixed(1)}`);
  console.log(row("payments scored a second", "perSecond", less));
  console.log(row("payments scored in a second of the scorer's processor", "perCpuSecond", less));
}

await runCommand({
  help: HELP,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "20" },
    customers: { type: "string", default: "32" },
    records: { type: "string", default: "200000" },
  },
  run: async ({ values }) => {
    await bench({
      rounds: positive("rounds", values.rounds),
      seconds: positive("seconds", values.seconds),
      customers: positive("customers", values.customers),
      records: positive("records", values.records),
    });
    return 0;
  },
});
// A client that still tries to reconnect must not keep the command alive.
process.exit();
