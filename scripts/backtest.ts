import { describeReport, reportOf } from "./backtest/report.ts";
import { runBacktest } from "./backtest/run-backtest.ts";
import { Misuse, runCommand } from "./command/run-command.ts";
import { loadFolder } from "./rule-files.ts";

const help = `Runs rules over historic payments and says what they would have done.

  npm run backtest -- --input FILE [options]

  --input FILE   CSV of the Fraud Detection Handbook, or JSON lines { id, type, at, fields, fraud? };
                 .gz is unpacked on the way
  --rules DIR    default: rules/
  --out FILE     one JSON line per hit
  --bound S      seconds by which a row may come after a later one; default 0
  --json         the report as one JSON object
  --help         this text

Every payment is judged when event time has passed it, in order of time. The same rules and input
give the same bytes. Memory grows with the cards, not with the file.
`;

function drawProgress(share: number, records: number): void {
  if (!process.stderr.isTTY) return;
  const width = 40;
  const done = Math.min(width, Math.round(share * width));
  const bar = "█".repeat(done) + "░".repeat(width - done);
  process.stderr.write(
    `\r${bar} ${Math.round(share * 100)} %  ${records.toLocaleString("en")} rows`,
  );
}

interface BacktestOptions {
  readonly input: string;
  readonly rules: string;
  readonly out: string | undefined;
  readonly boundMs: number;
  readonly json: boolean;
}

async function backtest({ rules, json, ...options }: BacktestOptions): Promise<number> {
  const pack = loadFolder(rules);
  if (pack === undefined) return 1;
  const started = performance.now();
  const tally = await runBacktest({ pack, ...options, onProgress: drawProgress });
  if (process.stderr.isTTY) process.stderr.write("\n");
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const reports = reportOf(tally);
  if (json) console.log(JSON.stringify({ input: tally.input, rules: reports }));
  else console.log(describeReport(reports, tally.input));
  console.error(`${tally.input.records.toLocaleString("en")} rows in ${seconds} s`);
  return 0;
}

await runCommand({
  help,
  options: {
    input: { type: "string" },
    rules: { type: "string", default: "rules" },
    out: { type: "string" },
    bound: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
  run: ({ values: { input, rules, out, bound, json } }) => {
    if (input === undefined) throw new Misuse("--input is missing");
    const boundMs = Number(bound) * 1_000;
    if (!(boundMs >= 0)) throw new Misuse(`--bound takes a number of seconds, not "${bound}"`);
    return backtest({ input, rules, out, boundMs, json });
  },
});
