/** The command `npm run chaos:self-test`: plants one bug after another and looks whether the checker sees it. */
import { join, resolve } from "node:path";
import { type Plant, plants, withDatabase } from "@holdfast/testkit";
import { createRandom } from "@holdfast/traffic";
import { History } from "./chaos/history.ts";
import { limitsFor } from "./chaos/options.ts";
import { type RoundReport, runRound } from "./chaos/round.ts";
import { stockShelf } from "./chaos/shelf.ts";
import { Deck } from "./chaos/strikes.ts";
import { startFragileSuite } from "./chaos/suite.ts";
import { Misuse, runCommand } from "./command/run-command.ts";
import { readSettings } from "./stack/settings.ts";

const HELP = `Checks the checker: plants one bug after another in a suite of its own, plays a round of chaos with
it, and looks whether an invariant turns red. Ends with 1 when a bug was not seen.

  npm run chaos:self-test -- [--plant NAME]...

  --plant NAME    only this bug; may be given several times

Bugs:
${plants.map(({ name, bug }) => `  ${name.padEnd(22)} ${bug}`).join("\n")}
`;

const seed = 1;
const round = {
  rounds: 1,
  seed,
  fault: null,
  ratePerSecond: 12,
  seconds: 25,
  limits: { ...limitsFor(1), restMs: 15_000 },
  patience: 1,
  jsonFile: null,
  keep: false,
};

/** One round of load on a suite with the bug. */
async function tryPlant(plant: Plant): Promise<RoundReport> {
  const folder = resolve(
    readSettings(process.env, "chaos-reports").home,
    `self-test-${plant.name}`,
  );
  const suite = await startFragileSuite({ name: `plant-${process.pid}`, plant: plant.name });
  try {
    for (const { database, sql } of plant.statements ?? []) {
      await withDatabase(suite.postgresAdminUrl, database, (rows) => rows(sql));
    }
    return await runRound(1, round, {
      suite,
      shelf: await stockShelf(suite),
      history: new History(join(folder, "history.jsonl")),
      deck: new Deck(plant.faults, createRandom(plant.name)),
      cards: [],
    });
  } finally {
    await suite.stop();
  }
}

/** The exit code: 0 when every bug was seen. */
async function selfTest(names: readonly string[]): Promise<number> {
  const chosen = plants.filter(({ name }) => names.length === 0 || names.includes(name));
  let unseen = 0;
  for (const plant of chosen) {
    const { violations } = await tryPlant(plant);
    const red = [...new Set(violations.map(({ invariant }) => invariant))];
    const seen = plant.seenBy.some((name) => red.includes(name));
    if (!seen) unseen += 1;
    console.log(
      `${seen ? "seen  " : "UNSEEN"} ${plant.name.padEnd(22)} ${red.join(", ") || "nothing is red"}    ${plant.bug}`,
    );
  }
  console.log(`${chosen.length - unseen} of ${chosen.length} bugs were seen`);
  return unseen === 0 ? 0 : 1;
}

await runCommand({
  help: HELP,
  options: { plant: { type: "string", multiple: true, default: [] } },
  run: ({ values: { plant: names } }) => {
    const unknown = names.find((name) => !plants.some((plant) => plant.name === name));
    if (unknown !== undefined) throw new Misuse(`No bug is called ${unknown}`);
    return selfTest(names);
  },
});
// What a round that could not be played has left behind must not keep the command alive.
process.exit();
