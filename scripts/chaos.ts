/** The command `npm run chaos`. */
import { cpSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createRandom } from "@holdfast/traffic";
import { History } from "./chaos/history.ts";
import { type ChaosOptions, HELP, parseOptions, replayLine } from "./chaos/options.ts";
import { renderRound, renderViolation } from "./chaos/report.ts";
import { type RoundReport, runRound } from "./chaos/round.ts";
import { stockShelf } from "./chaos/shelf.ts";
import { Deck } from "./chaos/strikes.ts";
import { startSuite } from "./chaos/suite.ts";
import { readSettings } from "./stack/settings.ts";

/** Runs the rounds, up to the first that is violated. Resolves with the exit code. */
async function chaos(options: ChaosOptions): Promise<number> {
  const { seed, rounds } = options;
  const folder = resolve(readSettings(process.env, "chaos-reports").home, String(seed));
  const history = new History(join(folder, "history.jsonl"));
  console.log(`seed ${seed}, history ${history.file}`);
  const suite = await startSuite({ name: `chaos-${process.pid}` });
  const reports: RoundReport[] = [];
  try {
    const deck = new Deck(
      options.fault === null ? null : [options.fault],
      createRandom(`${seed}/deck`),
    );
    const context = { suite, shelf: await stockShelf(suite), history, deck, cards: [] };
    for (let round = 1; round <= rounds; round += 1) {
      const report = await runRound(round, options, context);
      reports.push(report);
      console.log(renderRound(report));
      if (report.violations.length > 0) break;
    }
  } finally {
    const green = reports.length === rounds && reports.every((r) => r.violations.length === 0);
    if (!green || options.keep) {
      cpSync(suite.logsDir, join(folder, "logs"), { recursive: true });
      console.log(`logs ${join(folder, "logs")}`);
    }
    await suite.stop();
  }
  if (options.jsonFile !== null) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ seed, options, reports }, null, 2)}\n`);
  }
  return conclude(reports, options, history);
}

function conclude(
  reports: readonly RoundReport[],
  options: ChaosOptions,
  { file }: History,
): number {
  const violations = reports.flatMap((report) => report.violations);
  const first = violations[0];
  const struck = reports.flatMap(({ faults }) => faults);
  console.log(
    `${reports.length} rounds, ${struck.length} faults of ${new Set(struck).size} kinds, ${violations.length} violations`,
  );
  if (first === undefined) return 0;
  console.log(`\n${renderViolation(first)}\n`);
  console.log(`seed     ${options.seed}\nhistory  ${file}\nreplay   ${replayLine(options)}`);
  return 1;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) console.log(HELP);
  else process.exitCode = await chaos(options);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
