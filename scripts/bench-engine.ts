import { cpus, totalmem } from "node:os";
import type { RulePack } from "@holdfast/cep";
import { type Measurement, measure, measureNaive } from "./bench-engine/measure.ts";
import { makeWorkload } from "./bench-engine/workload.ts";
import { positive, runCommand } from "./command/run-command.ts";
import { loadFolder } from "./rule-files.ts";

const help = `Measures the engine on one core: events per second, latency per event, bytes per key.

  npm run bench:engine [-- options]

  --transactions N   default 1000000
  --rounds N         rounds per measurement, the best counts; default 3
  --hours H          event time that the transactions span; default 720: twenty payments
                     a card and month
  --only TEXT        only measurements whose name contains it
  --json             one JSON object instead of text
  --help             this text
`;

interface Case {
  readonly name: string;
  readonly pack: RulePack;
  readonly outOfOrder: number;
}

/** The shipped rules, brought to ten by the velocity rule at another threshold. */
function tenRules(pack: RulePack): RulePack {
  const { rules } = pack;
  const more = rules.filter((rule) => rule.plan.kind === "window" && rule.emit.time === "early");
  const copies = more.map((rule) => ({ ...rule, id: `${rule.id}-again` }));
  return { ...pack, rules: [...rules, ...copies].slice(0, 10) };
}

function only(pack: RulePack, id: string): RulePack {
  return { ...pack, rules: pack.rules.filter((rule) => rule.id === id) };
}

interface Settings {
  readonly transactions: number;
  readonly rounds: number;
  readonly hours: number;
  readonly only: string;
  readonly json: boolean;
}

/** The exit code. */
function bench(settings: Settings): number {
  const pack = loadFolder("rules");
  if (pack === undefined) return 1;
  const cases: readonly Case[] = [
    { name: "velocity, in order", pack: only(pack, "velocity-60s"), outOfOrder: 0 },
    { name: "velocity, 5 % out of order", pack: only(pack, "velocity-60s"), outOfOrder: 0.05 },
    { name: "ten rules, in order", pack: tenRules(pack), outOfOrder: 0 },
    { name: "ten rules, 5 % out of order", pack: tenRules(pack), outOfOrder: 0.05 },
  ];
  const options = {
    transactions: settings.transactions,
    cards: 50_000,
    spanMs: settings.hours * 3_600_000,
    boundMs: 4_000,
    seed: 20_260_101,
  };
  const cpu = cpus()[0]?.model ?? "unknown CPU";
  const machine = `${cpu}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, node ${process.version}`;
  const workload = `${options.transactions} transactions, ${options.cards} cards (Zipf), ${settings.hours} h of event time, seed ${options.seed}`;
  if (!settings.json) console.log(`${machine}\n${workload}\n`);
  const results: Measurement[] = [];
  for (const { name, pack: rules, outOfOrder } of cases) {
    if (!name.includes(settings.only)) continue;
    const load = makeWorkload(pack.stream, { ...options, outOfOrder });
    const result = measure(name, rules, { load, rounds: settings.rounds });
    results.push(result);
    if (!settings.json) console.log(describe(result));
  }
  const amount = pack.stream.fields.findIndex((field) => field.name === "amount");
  const naive = measureNaive(makeWorkload(pack.stream, { ...options, outOfOrder: 0 }), amount);
  if (settings.json) console.log(JSON.stringify({ machine, workload, results, naive }));
  else console.log(`naive rescan, velocity alone: ${rates(naive)}`);
  return 0;
}

function rates(of: Pick<Measurement, "eventsPerSecond" | "eventsPerCpuSecond">): string {
  const [clock, cpu] = [of.eventsPerSecond, of.eventsPerCpuSecond].map((n) =>
    n.toLocaleString("en"),
  );
  return `${clock} events/s by the clock, ${cpu} per second of processor time`;
}

function describe(result: Measurement): string {
  const { name, p50Us, p99Us, p999Us, hits } = result;
  const latency = [p50Us, p99Us, p999Us].map((us) => us.toFixed(1)).join(" / ");
  return [
    `${name}: ${rates(result)}`,
    `  p50 / p99 / p99.9 per event: ${latency} µs`,
    `  per key: ${result.bytesPerKey} bytes stored, ${result.heapBytesPerKey} bytes on the heap; ${hits} payments held or declined`,
  ].join("\n");
}

await runCommand({
  help,
  options: {
    transactions: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    hours: { type: "string", default: "720" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
  run: ({ values: { transactions, rounds, hours, ...others } }) =>
    bench({
      transactions: positive("transactions", transactions),
      rounds: positive("rounds", rounds),
      hours: positive("hours", hours),
      ...others,
    }),
});
