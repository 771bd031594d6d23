import { loadRules } from "@holdfast/cep";
import type { Clock } from "@holdfast/service-kit";
import type { StateReader } from "../store/read-state.ts";
import { newestRuleset } from "./rules-view.ts";

const rememberMs = 5_000;

/** The currency of the newest pack in force, at most some seconds old; undefined before the first. */
export function createBaseCurrency(
  reader: Pick<StateReader, "rulesets" | "pack">,
  clock: Clock,
): () => Promise<string | undefined> {
  let known: string | undefined;
  let askAgainAt = 0;
  return async () => {
    if (known === undefined || clock.now() >= askAgainAt) {
      known = await baseCurrency(reader);
      askAgainAt = clock.now() + rememberMs;
    }
    return known;
  };
}

async function baseCurrency(
  reader: Pick<StateReader, "rulesets" | "pack">,
): Promise<string | undefined> {
  const newest = newestRuleset(await reader.rulesets());
  const files = newest?.rulesetId == null ? undefined : await reader.pack(newest.rulesetId);
  const loaded = files === undefined ? undefined : loadRules(files);
  return loaded?.ok ? loaded.pack.stream.currency : undefined;
}
