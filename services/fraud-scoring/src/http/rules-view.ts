import { loadRules } from "@holdfast/cep";
import type { PartitionRuleset, StateReader } from "../store/read-state.ts";

/** The rule set of the highest generation; undefined before the first barrier. */
export function newestRuleset(partitions: readonly PartitionRuleset[]) {
  return partitions.reduce<PartitionRuleset | undefined>(
    (best, one) => ((one.generation ?? 0) > (best?.generation ?? 0) ? one : best),
    undefined,
  );
}

/** The rule sets in force per partition, and the newest set's rules with their quality. */
export async function rulesView(reader: StateReader) {
  const partitions = await reader.rulesets();
  const newest = newestRuleset(partitions);
  const files = newest?.rulesetId == null ? undefined : await reader.pack(newest.rulesetId);
  return {
    generation: newest?.generation ?? null,
    rulesetId: newest?.rulesetId ?? null,
    partitions,
    rules: files === undefined ? [] : await describeRules(files, reader),
  };
}

async function describeRules(files: Parameters<typeof loadRules>[0], reader: StateReader) {
  const loaded = loadRules(files);
  if (!loaded.ok) return [];
  const counts = await reader.ruleCounts();
  return loaded.pack.rules.map(({ id, version, mode, action, score, reason, sentence, tags }) => {
    const found = counts.find((one) => one.ruleId === id && one.version === version);
    const { hits = 0, confirmed = 0, refuted = 0 } = found ?? {};
    return { id, version, mode, action, score, reason, sentence, tags, hits, confirmed, refuted };
  });
}
