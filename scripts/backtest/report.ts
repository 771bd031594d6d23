import type { InputTally, RuleTally, Tally } from "./tally.ts";

const dayMs = 86_400_000;

/** A rule's tally as plain data. */
export interface RuleReport {
  readonly ruleId: string;
  readonly hits: number;
  readonly cards: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly alertsPerDay: number;
  readonly overlap: Readonly<Record<string, number>>;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly moneyCaught: string | null;
  readonly goodCustomersHeld: number | null;
}

/** Per rule what the backtest found; labels that the input lacks give `null`. */
export function reportOf({ rules, input }: Tally): readonly RuleReport[] {
  return [...rules.values()].map((rule) => ruleReport(rule, input));
}

function ruleReport(rule: RuleTally, input: InputTally): RuleReport {
  const days = Math.max(1, (input.lastAt - input.firstAt) / dayMs);
  const flagged = rule.fraudCaught + rule.goodFlagged;
  const { labelled } = input;
  return {
    ruleId: rule.ruleId,
    hits: rule.hits,
    cards: rule.cards.size,
    first: time(rule.first),
    last: time(rule.last),
    alertsPerDay: round(rule.alerts / days, 2),
    overlap: Object.fromEntries([...rule.overlap].sort(([a], [b]) => (a < b ? -1 : 1))),
    precision: labelled && flagged > 0 ? round(rule.fraudCaught / flagged, 4) : null,
    recall: labelled && input.fraud > 0 ? round(rule.fraudCaught / input.fraud, 4) : null,
    moneyCaught: labelled ? (rule.moneyCaughtMinor / 100).toFixed(2) : null,
    goodCustomersHeld: labelled ? rule.goodCards.size : null,
  };
}

function time(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The report as a table and, for rules that hit together, their overlaps. */
export function describeReport(reports: readonly RuleReport[], input: InputTally): string {
  const head = [
    "rule",
    "hits",
    "cards",
    "alerts/day",
    "precision",
    "recall",
    "caught",
    "good held",
    "first",
    "last",
  ];
  const rows = reports.map((r) => [
    r.ruleId,
    r.hits.toLocaleString("en"),
    r.cards.toLocaleString("en"),
    String(r.alertsPerDay),
    percent(r.precision),
    percent(r.recall),
    r.moneyCaught ?? "–",
    r.goodCustomersHeld === null ? "–" : r.goodCustomersHeld.toLocaleString("en"),
    r.first?.slice(0, 16) ?? "–",
    r.last?.slice(0, 16) ?? "–",
  ]);
  const overlaps = reports.flatMap((r) =>
    Object.entries(r.overlap).flatMap(([other, n]) =>
      r.ruleId < other ? [`  ${r.ruleId} and ${other}: ${n}`] : [],
    ),
  );
  const span = `${input.records.toLocaleString("en")} records, ${time(input.firstAt)} to ${time(input.lastAt)}`;
  const labels = input.labelled
    ? `, ${input.fraud.toLocaleString("en")} of them fraud`
    : ", no labels";
  const together = overlaps.length === 0 ? [] : ["", "Hits of two rules at once:", ...overlaps];
  return [`${span}${labels}`, "", table([head, ...rows]), ...together].join("\n");
}

function percent(share: number | null): string {
  return share === null ? "–" : `${(share * 100).toFixed(1)} %`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
