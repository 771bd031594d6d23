import { invariants, type Violation } from "@holdfast/testkit";
import type { StrikeReport } from "./lived-through.ts";
import type { RoundReport } from "./round.ts";

const shownRecords = 3;

/** One round in a few lines. */
export function renderRound(report: RoundReport): string {
  const { round, orders, accepted, acceptedAtOnce, answerMs, strikes, rest, judged } = report;
  const counts = Object.entries(judged).map(([name, count]) => `${count} ${name}`);
  return [
    `round ${round}`,
    `  load      ${orders} orders, ${accepted} accepted, ${acceptedAtOnce} at the first attempt`,
    `  answers   p50 ${answerMs.p50} ms, p99 ${answerMs.p99} ms, max ${answerMs.max} ms`,
    ...strikes.map((strike) => `  fault     ${renderStrike(strike)}`),
    `  rest      ${rest.unrest.length === 0 ? `after ${rest.tookMs} ms` : `NOT: ${rest.unrest.join("; ")}`}`,
    `  probe     ${report.probeMs === null ? "DID NOT END" : `${report.probeMs} ms`}`,
    `  judged    ${counts.join(", ")}`,
    `  replay    ${report.replay.compared} verdicts re-executed, ${report.replay.differences.length === 0 ? "all as on the log" : report.replay.differences.join("; ")}`,
    `  verdict   ${verdictOf(report.violations)}`,
  ].join("\n");
}

function renderStrike({ fault, lastedMs, recoveryMs, ...strike }: StrikeReport): string {
  return [
    fault.padEnd(nameWidth),
    `lasted ${seconds(lastedMs)}`,
    `recovered in ${seconds(recoveryMs)}`,
    acceptanceOf([strike]),
  ].join("   ");
}

const nameWidth = 26;

const seconds = (ms: number | null): string =>
  ms === null ? "  NEVER" : `${(ms / 1000).toFixed(1).padStart(5)} s`;

function acceptanceOf(strikes: readonly Pick<StrikeReport, "orders" | "acceptedAtOnce">[]): string {
  const sum = (key: "orders" | "acceptedAtOnce") =>
    strikes.reduce((total, strike) => total + strike[key], 0);
  const [orders, atOnce] = [sum("orders"), sum("acceptedAtOnce")];
  const share = orders === 0 ? "" : ` (${((100 * atOnce) / orders).toFixed(1)} %)`;
  return `accepted at once ${atOnce} of ${orders}${share}`;
}

/** All faults of a run by name: how often, the slowest recovery, and how many orders were accepted meanwhile. */
export function renderFaults(strikes: readonly StrikeReport[]): string {
  const line = (name: string, some: readonly StrikeReport[]): string => {
    const slowest = some.map(({ recoveryMs }) => recoveryMs).reduce(slower, 0);
    const times = `${some.length} ×`.padStart(5);
    return [name.padEnd(nameWidth), times, seconds(slowest).padStart(9), acceptanceOf(some)].join(
      "   ",
    );
  };
  const byName = [...Map.groupBy(strikes, ({ fault }) => fault)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return [
    `${"fault".padEnd(nameWidth)}   times   slowest recovery`,
    ...byName.map(([name, some]) => line(name, some)),
    line(
      "ALL THAT MUST NOT HINDER",
      strikes.filter(({ mustAccept }) => mustAccept),
    ),
  ].join("\n");
}

const slower = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b);

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
