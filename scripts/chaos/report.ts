import { invariants, type Violation } from "@holdfast/testkit";
import type { RoundReport } from "./round.ts";

const shownRecords = 3;

/** One round in a few lines. */
export function renderRound(report: RoundReport): string {
  const { round, orders, accepted, acceptedAtOnce, answerMs, faults, rest, judged } = report;
  const counts = Object.entries(judged).map(([name, count]) => `${count} ${name}`);
  return [
    `round ${round}`,
    `  load      ${orders} orders, ${accepted} accepted, ${acceptedAtOnce} at the first attempt`,
    `  answers   p50 ${answerMs.p50} ms, p99 ${answerMs.p99} ms, max ${answerMs.max} ms`,
    `  faults    ${faults.length === 0 ? "none" : faults.join(", ")}`,
    `  rest      ${rest.unrest.length === 0 ? `after ${rest.tookMs} ms` : `NOT: ${rest.unrest.join("; ")}`}`,
    `  probe     ${report.probeMs === null ? "DID NOT END" : `${report.probeMs} ms`}`,
    `  judged    ${counts.join(", ")}`,
    `  verdict   ${verdictOf(report.violations)}`,
  ].join("\n");
}

function verdictOf(violations: readonly Violation[]): string {
  if (violations.length === 0) return `${invariants.length} invariants hold`;
  return violations
    .map(({ invariant, rule, records }) => `${invariant} VIOLATED by ${records.length}: ${rule}`)
    .join("\n            ");
}

/** The first violation with the records that show it. */
export function renderViolation({ invariant, rule, records }: Violation): string {
  const promise = invariants.find(({ name }) => name === invariant)?.promise;
  return [
    `${invariant}: ${promise}`,
    `violated: ${rule} (${records.length} records)`,
    ...records.slice(0, shownRecords).map((record) => `  ${JSON.stringify(record)}`),
    ...(records.length > shownRecords ? [`  … and ${records.length - shownRecords} more`] : []),
  ].join("\n");
}
