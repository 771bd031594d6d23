import { loadRules, type RuleFile } from "@holdfast/cep";
import { activateRuleset, type Producer } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import pg from "pg";
import type { EventClient } from "../command/event-client.ts";
import { describeError, readRuleFiles } from "../rule-files.ts";
import type { Workspace } from "./workspace.ts";

/** The files of a folder's pack; throws with every mistake in it. */
export function readValidPack(folder: string): readonly RuleFile[] {
  const files = readRuleFiles(folder);
  const loaded = loadRules(files);
  if (loaded.ok) return files;
  const mistakes = loaded.errors.map((error) => describeError(folder, error));
  throw new Error(`The rules cannot be used:\n${mistakes.join("\n")}`);
}

/** Puts a folder's pack in force in a workspace. */
export async function activatePack(
  to: { events: EventClient; producer: Producer; workspace: Workspace },
  folder: string,
): Promise<void> {
  const client = new pg.Client({ connectionString: to.workspace.databaseUrl });
  await client.connect();
  try {
    await activateRuleset({
      query: (text, values) => client.query(text, values),
      producer: to.producer,
      codec: to.events.codec,
      files: [...readValidPack(folder)],
      activatedBy: "replay",
      nowMs: systemClock.now(),
      ids: createUuidV7(systemClock),
      topic: to.workspace.activity,
    });
  } finally {
    await client.end();
  }
}
