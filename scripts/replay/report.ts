import type { FraudAlertRaised, FraudDecided } from "@holdfast/contracts";
import type { Published } from "./publish.ts";

interface RuleCounts {
  hits: number;
  errors: number;
  warming: number;
  alerts: number;
}

/** What a replay came to. */
export class ReplayReport {
  readonly outcomes: Record<string, number> = { APPROVE: 0, REVIEW: 0, DECLINE: 0 };
  readonly rules = new Map<string, RuleCounts>();
  decisions = 0;
  alerts = 0;
  late = 0;

  decided({ outcome, rules, late }: FraudDecided): void {
    this.decisions += 1;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    if (late) this.late += 1;
    for (const { ruleId, ruleVersion, result, warming } of rules) {
      const counts = this.#rule(ruleId, ruleVersion);
      counts.hits += Number(result === "HIT");
      counts.errors += Number(result === "ERROR");
      counts.warming += Number(warming);
    }
  }

  alerted({ ruleId, ruleVersion }: FraudAlertRaised): void {
    this.alerts += 1;
    this.#rule(ruleId, ruleVersion).alerts += 1;
  }

  #rule(id: string, version: number): RuleCounts {
    const name = `${id} v${version}`;
    const counts = this.rules.get(name) ?? { hits: 0, errors: 0, warming: 0, alerts: 0 };
    this.rules.set(name, counts);
    return counts;
  }

  toJSON() {
    const { outcomes, decisions, alerts, late } = this;
    return { decisions, alerts, late, outcomes, rules: Object.fromEntries(this.rules) };
  }
}

/** The report for a person. */
export function reportText(report: ReplayReport, published: Published, seconds: number): string {
  const share = (count: number) =>
    `${((100 * count) / Math.max(report.decisions, 1)).toFixed(2).padStart(6)} %`;
  const outcomes = Object.entries(report.outcomes).map(
    ([outcome, count]) => `  ${outcome.padEnd(8)} ${String(count).padStart(9)}  ${share(count)}`,
  );
  const width = Math.max(4, ...[...report.rules.keys()].map((name) => name.length));
  const cells = (counts: readonly (string | number)[]) =>
    counts.map((count) => String(count).padStart(9)).join("");
  const rules = [...report.rules].map(
    ([name, { hits, alerts, errors, warming }]) =>
      `  ${name.padEnd(width)}${cells([hits, alerts, errors, warming])}`,
  );
  return [
    `${published.published} transactions in ${seconds.toFixed(1)} s (${Math.round(published.published / seconds)} a second), ${published.refused} rows refused`,
    ...published.problems.map(({ line, problem }) => `  line ${line}: ${problem}`),
    `${report.decisions} decisions, ${report.alerts} alerts, ${report.late} late`,
    ...outcomes,
    `  ${"rule".padEnd(width)}${cells(["hits", "alerts", "errors", "warming"])}`,
    ...rules,
  ].join("\n");
}
