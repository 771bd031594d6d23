/** The command `npm run chaos`. */
import { cpSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createRandom } from "@holdfast/traffic";
import { History } from "./chaos/history.ts";
import { type ChaosOptions, flags, HELP, readOptions, replayLine } from "./chaos/options.ts";
import { renderFaults, renderRound, renderViolation } from "./chaos/report.ts";
import { type RoundReport, runRound } from "./chaos/round.ts";
import { stockShelf } from "./chaos/shelf.ts";
import { Deck } from "./chaos/strikes.ts";
import { type FragileSuite, startFragileSuite } from "./chaos/suite.ts";
import { runCommand } from "./command/run-command.ts";
import { readSettings } from "./stack/settings.ts";

/** Starts a suite, runs the rounds and tells. Resolves with the exit code. */
async function chaos(options: ChaosOptions): Promise<number> {
  const { seed, jsonFile } = options;
  const folder = resolve(readSettings(process.env, "chaos-reports").home, String(seed));
  const history = new History(join(folder, "history.jsonl"));
  console.log(`seed ${seed}, history ${history.file}`);
  const reports: RoundReport[] = [];
  const suite = await startFragileSuite({ name: `chaos-${process.pid}` });
  try {
    await runRounds(options, { suite, history, reports });
  } catch (error) {
    console.error(error);
  } finally {
    if (options.keep || !isGreen(reports, options)) {
      cpSync(suite.logsDir, join(folder, "logs"), { recursive: true });
      console.log(`logs ${join(folder, "logs")}`);
    }
    await suite.stop();
  }
  if (jsonFile !== null) {
    writeFileSync(jsonFile, `${JSON.stringify({ seed, options, reports }, null, 2)}\n`);
  }
  return tell(reports, options, history);
}

interface Run {
  readonly suite: FragileSuite;
  readonly history: History;
  /** Gets a report for each round that came to its end. */
  readonly reports: RoundReport[];
}

/** Up to the first round that is violated. Rejects when a round cannot be played or judged. */
async function runRounds(options: ChaosOptions, { suite, history, reports }: Run): Promise<void> {
  const only = options.fault === null ? null : [options.fault];
  const deck = new Deck(only, createRandom(`${options.seed}/deck`));
  const context = { suite, shelf: await stockShelf(suite), history, deck, cards: [] };
  for (let round = 1; round <= options.rounds; round += 1) {
    const report = await runRound(round, options, context);
    reports.push(report);
    console.log(renderRound(report));
    if (report.violations.length > 0) return;
  }
}

function isGreen(reports: readonly RoundReport[], { rounds }: ChaosOptions): boolean {
  return reports.length === rounds && reports.every(({ violations }) => violations.length === 0);
}

/** Prints what the rounds came to; the exit code. */
function tell(reports: readonly RoundReport[], options: ChaosOptions, { file }: History): number {
  const violations = reports.flatMap((report) => report.violations);
  const strikes = reports.flatMap((report) => report.strikes);
  const kinds = new Set(strikes.map(({ fault }) => fault)).size;
  if (strikes.length > 0) console.log(`\n${renderFaults(strikes)}\n`);
  console.log(
    `${reports.length} rounds of ${options.rounds}, ${strikes.length} faults of ${kinds} kinds, ${violations.length} violations`,
  );
  if (isGreen(reports, options)) return 0;
  const [first] = violations;
  if (first !== undefined) console.log(`\n${renderViolation(first)}\n`);
  console.log(`seed     ${options.seed}\nhistory  ${file}\nreplay   ${replayLine(options)}`);
  return 1;
}

await runCommand({ help: HELP, options: flags, run: (given) => chaos(readOptions(given)) });
// What a round that could not be played has left behind must not keep the command alive.
process.exit();
