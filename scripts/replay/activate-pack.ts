import { loadRules } from "@holdfast/cep";
import { activateRuleset, type Producer, readRulePack } from "@holdfast/messaging";
import { createUuidV7, systemClock } from "@holdfast/service-kit";
import pg from "pg";
import type { EventClient } from "../command/event-client.ts";
import type { Workspace } from "./workspace.ts";

/** The files of a folder's pack; throws with every mistake in it. */
export async function readValidPack(folder: string) {
  const files = await readRulePack(folder);
  const loaded = loadRules(files);
  if (loaded.ok) return files;
  const problems = loaded.errors.map((error) => `${error.path}:${error.line} ${error.message}`);
  throw new Error(`The rules cannot be used:\n${problems.join("\n")}`);
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
      files: await readValidPack(folder),
      activatedBy: "replay",
      nowMs: systemClock.now(),
      ids: createUuidV7(systemClock),
      topic: to.workspace.activity,
    });
  } finally {
    await client.end();
  }
}
