/** What became of one rule's hits. */
export interface RuleQuality {
  hits: number;
  confirmed: number;
  refuted: number;
}

/** Changes of counts since they were last taken, by `id@version`. */
export class QualityChanges {
  #changes = new Map<string, RuleQuality>();

  add(rule: string, change: Partial<RuleQuality>): void {
    const sum = this.#changes.get(rule) ?? { hits: 0, confirmed: 0, refuted: 0 };
    sum.hits += change.hits ?? 0;
    sum.confirmed += change.confirmed ?? 0;
    sum.refuted += change.refuted ?? 0;
    this.#changes.set(rule, sum);
  }

  /** The changes so far; counting starts anew. */
  take(): ReadonlyMap<string, RuleQuality> {
    const taken = this.#changes;
    this.#changes = new Map();
    return taken;
  }
}

/** Names one version of a rule. */
export function ruleKey(ruleId: string, version: number): string {
  return `${ruleId}@${version}`;
}

/** The parts of a rule key. */
export function parseRuleKey(key: string): { ruleId: string; version: number } {
  const at = key.lastIndexOf("@");
  return { ruleId: key.slice(0, at), version: Number(key.slice(at + 1)) };
}
