import { tail } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { suiteAddresses } from "./command/addresses.ts";
import { connectEvents } from "./command/event-client.ts";
import { Misuse, runCommand } from "./command/run-command.ts";
import { lineageOf, type ReadEvent, renderLineage } from "./lineage/lineage.ts";

const HELP = `Prints what one verdict rests on: events with topic/partition/offset and schema, rules, state, alerts.

  npm run lineage -- DECISION_ID

Everything comes from the log, which is read once from its beginning; nothing from a database.
Exit code 1 when no such decision is on fraud-decisions.
`;

const TOPICS = ["card-activity", "fraud-decisions", "fraud-alerts"] as const;

async function readAll(): Promise<ReadEvent[]> {
  const { kafka, codec } = await connectEvents(suiteAddresses(), TOPICS);
  const events: ReadEvent[] = [];
  const options = { kafka, topics: TOPICS, logger: silentLogger };
  for await (const record of tail({ ...options, from: "beginning", until: "end" })) {
    if (record.value === null) continue;
    events.push({ record, decoded: codec.decode(record.topic, record.value) });
  }
  return events;
}

await runCommand({
  help: HELP,
  options: {},
  words: 1,
  run: async ({ positionals: [decisionId] }) => {
    if (decisionId === undefined) throw new Misuse("Which decision?");
    const lineage = lineageOf(decisionId, await readAll());
    if (lineage === undefined) throw new Error(`There is no decision ${decisionId} on the log.`);
    for (const line of renderLineage(lineage)) console.log(line);
    return 0;
  },
});
