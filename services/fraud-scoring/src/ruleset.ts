import { createEngine, type Lineage, loadRules, nextLineage, toEvent } from "@holdfast/cep";
import { minorUnitDigits } from "@holdfast/service-kit";
import { displayer } from "./domain/display-value.ts";
import { dedupeHorizonMs } from "./domain/event-time.ts";
import type { CompileRuleset, Ruleset } from "./domain/ruleset.ts";
import type { StoredRuleset } from "./store/partition-store.ts";

/** Compiles the pack of a barrier. A pack with mistakes is refused whole, with all of them. */
export const compileRuleset: CompileRuleset = (event, { ruleset: before, since }) => {
  const loaded = loadRules(event.files);
  if (!loaded.ok) {
    const message = loaded.errors.map((e) => `${e.path}:${e.line}:${e.column} ${e.message}`);
    return { ok: false, message: message.join("; ") };
  }
  const { pack } = loaded;
  const { generation } = event;
  const lineage = nextLineage({ previous: before?.engine.lineage ?? {}, pack, generation, since });
  return { ok: true, ruleset: assemble(event, lineage) };
};

/** The rule set that a partition had in force when its position was stored. */
export function restoreRuleset(stored: StoredRuleset): Ruleset {
  return assemble(stored, stored.lineage);
}

function assemble(
  { generation, rulesetId, files }: Pick<StoredRuleset, "generation" | "rulesetId" | "files">,
  lineage: Lineage,
): Ruleset {
  const loaded = loadRules(files);
  if (!loaded.ok) throw new Error(`The stored rule set ${rulesetId} does not load any more`);
  const { pack } = loaded;
  const types = new Set(pack.stream.types);
  return {
    generation,
    rulesetId,
    files,
    engine: createEngine(pack, { generation, lineage, dedupeHorizonMs }),
    currency: pack.stream.currency,
    toEvent: (event) => (types.has(event.type) ? toEvent(pack.stream, event) : undefined),
    display: displayer(pack.stream, minorUnitDigits(pack.stream.currency)),
  };
}
