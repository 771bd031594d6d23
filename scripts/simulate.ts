/** The saga under a seeded scheduler: `npm run simulate -- --help`. */
import {
  describeFailure,
  type Failure,
  findFailure,
  replay,
  type Series,
} from "../e2e/simulation/check.ts";
import { positive, runCommand } from "./command/run-command.ts";

const HELP = `Plays the saga of order, payment and inventory in one process, under a seeded scheduler: crashes
between any two awaits, duplicates, other orders of events, delays, commits that nobody hears of.

  npm run simulate -- [options]

  --scenarios N   how many scenarios (default 200)
  --orders N      orders in each (default 50)
  --seed S        decides all of them (default: drawn, and printed)
  --path P        goes straight to one scenario, as a failure names it
`;

const everyMs = 5_000;

async function runSeries(series: Series): Promise<Failure | undefined> {
  const { seed, runs, orders } = series;
  console.log(`${runs} scenarios of ${orders} orders, seed ${seed}`);
  const progress = new Progress(runs);
  const failure = await findFailure({ ...series, onHeld: (ended) => progress.count(ended) });
  progress.tell();
  return failure;
}

/** Tells every few seconds how far it has come. */
class Progress {
  readonly #runs: number;
  readonly #endings = new Map<string, number>();
  readonly #beganAt = performance.now();
  #held = 0;
  #toldAt = performance.now();

  constructor(runs: number) {
    this.#runs = runs;
  }

  count(endings: Readonly<Record<string, number>>): void {
    this.#held += 1;
    for (const [saga, orders] of Object.entries(endings)) {
      this.#endings.set(saga, (this.#endings.get(saga) ?? 0) + orders);
    }
    if (performance.now() - this.#toldAt > everyMs) this.tell();
  }

  tell(): void {
    this.#toldAt = performance.now();
    const seconds = ((this.#toldAt - this.#beganAt) / 1000).toFixed(0);
    const endings = [...this.#endings].map(([saga, orders]) => `${orders} ${saga}`).join(", ");
    console.log(`${this.#held} of ${this.#runs} scenarios held in ${seconds} s: orders ${endings}`);
  }
}

await runCommand({
  help: HELP,
  options: {
    scenarios: { type: "string", default: "200" },
    orders: { type: "string", default: "50" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    path: { type: "string" },
  },
  run: async ({ values }) => {
    const [orders, seed] = [positive("orders", values.orders), positive("seed", values.seed)];
    const failure = await (values.path === undefined
      ? runSeries({ seed, orders, runs: positive("scenarios", values.scenarios) })
      : replay({ seed, orders, path: values.path }));
    if (failure === undefined) return 0;
    console.error(describeFailure(failure, { seed, orders }));
    return 1;
  },
});
