import type { Summary } from "./percentiles.ts";
import type { StoryReport, TrafficReport } from "./report.ts";

/** The report for a person to read. */
export function renderReport(report: TrafficReport): string {
  const { orders, outcomes, stories, orderToAlertMs, foreignAlerts } = report;
  const rate = `${report.durationSeconds} s, ${report.ordersPerSecond} orders/s`;
  return [
    `Traffic with seed ${report.seed}, from ${report.startedAt}, ${rate}`,
    "",
    `orders        ${orders.accepted} of ${orders.planned} accepted (${counts(orders.byStatus)})` +
      `, ${orders.retries} retries`,
    `outcomes      ${counts(outcomes)}`,
    `acceptance    ${times(report.acceptanceMs)}`,
    `settlement    ${times(report.settlementMs)}`,
    `order → alert ${orderToAlertMs === null ? "not watched" : times(orderToAlertMs)}`,
    ...(foreignAlerts > 0 ? [`              ${foreignAlerts} alerts of other traffic`] : []),
    "",
    row(["story", "tellings", "alerted", "orders", "alerts", "outcomes", "rules"]),
    ...stories.map(storyRow),
    "",
  ].join("\n");
}

function storyRow(story: StoryReport): string {
  const { tellings, tellingsAlerted, orders, alerts } = story;
  const told = story.story === "ordinary" ? ["–", "–"] : [tellings, tellingsAlerted].map(String);
  const numbers = [...told, String(orders), String(alerts)];
  return row([story.story, ...numbers, counts(story.outcomes), counts(story.alertsByRule)]);
}

const widths = [14, 9, 9, 8, 8, 48, 0];

function row(cells: readonly string[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join("")
    .trimEnd();
}

function counts(of: Readonly<Record<string, number>>): string {
  const parts = Object.entries(of).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

function times({ count, p50, p95, p99, max }: Summary): string {
  if (count === 0) return "none";
  return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms (${count})`;
}
