import type { CardCache, RestingCard } from "../domain/card-cache.ts";
import type { PartitionMachine } from "../domain/partition-machine.ts";
import { parseRuleKey } from "../domain/rule-quality.ts";
import type { Ruleset } from "../domain/ruleset.ts";
import type {
  CardChange,
  QualityChange,
  StateChange,
  StoredRuleset,
} from "../store/partition-store.ts";

/** A consistent picture of everything that changed since the last commit. */
export interface Snapshot {
  /** The last batch whose changes are in it. */
  readonly batch: number;
  readonly change: Omit<
    StateChange,
    "partition" | "epoch" | "fromOffset" | "nextOffset" | "decisions"
  >;
  readonly ruleset: Ruleset | undefined;
}

const hourMs = 3_600_000;
/** A card without an end is kept: 100 years after its last event at most. */
const never = Number.MAX_SAFE_INTEGER;

/** The dirty cards as they are now; the machine must stand between two batches. */
export function takeSnapshot(
  machine: PartitionMachine,
  cards: CardCache,
  since: { readonly batch: number; readonly ruleset: Ruleset | undefined },
): Snapshot {
  const { ruleset, watermark } = machine;
  return {
    batch: since.batch,
    ruleset,
    change: {
      watermark: Number.isFinite(watermark) ? watermark : null,
      ruleset: ruleset === undefined || ruleset === since.ruleset ? null : storedRuleset(ruleset),
      cards: Array.from(cards.dirty(), cardChange),
      quality: qualityChanges(machine),
    },
  };
}

function cardChange({ fingerprint, state, dueAt, expiresAt }: RestingCard): CardChange {
  return {
    card: fingerprint,
    state,
    nextTimerAt: dueAt ?? null,
    forgetAfter: Number.isFinite(expiresAt) ? Math.ceil(expiresAt / hourMs) * hourMs : never,
  };
}

/** A rule set as it is stored. */
export function storedRuleset({ generation, rulesetId, files, engine }: Ruleset): StoredRuleset {
  return { generation, rulesetId, files, lineage: engine.lineage };
}

function qualityChanges(machine: PartitionMachine): QualityChange[] {
  return [...machine.takeQuality()]
    .map(([key, counts]) => ({ ...parseRuleKey(key), ...counts }))
    .sort((a, b) => (a.ruleId < b.ruleId ? -1 : a.ruleId > b.ruleId ? 1 : a.version - b.version));
}
