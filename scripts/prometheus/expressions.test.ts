import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { metrics } from "@holdfast/telemetry";
import { describe, expect, test } from "@jest/globals";
import { allExpressions, readRules, selectorsOf } from "./expressions.ts";

const root = join(import.meta.dirname, "../..");
const alerts = readRules(root, "alerts.yml");
const recorded = new Set(readRules(root, "recordings.yml").map(({ record }) => record));

/** What Prometheus itself knows and adds. */
const PROMETHEUS_METRICS = new Set(["up"]);
const TARGET_LABELS = ["service", "job", "instance"];

type Metric = { readonly kind: string; readonly labels: readonly string[] };

function metricOf(name: string): Metric | undefined {
  const known: Readonly<Record<string, Metric>> = metrics;
  const histogram = known[name.replace(/_(bucket|count|sum)$/, "")];
  return histogram?.kind === "histogram" && histogram !== known[name]
    ? { ...histogram, labels: [...histogram.labels, "le"] }
    : known[name]?.kind === "histogram"
      ? undefined
      : known[name];
}

function faultsOf(expr: string): string[] {
  const { selectors, groupedBy } = selectorsOf(expr);
  const known = new Set(TARGET_LABELS);
  const faults = selectors.flatMap(({ metric, labels }) => {
    if (PROMETHEUS_METRICS.has(metric) || recorded.has(metric)) return [];
    const found = metricOf(metric);
    if (found === undefined) return [`there is no metric ${metric}`];
    for (const label of found.labels) known.add(label);
    return labels
      .filter((label) => !found.labels.includes(label) && !TARGET_LABELS.includes(label))
      .map((label) => `${metric} has no label ${label}`);
  });
  const foreign = groupedBy.filter((label) => !known.has(label));
  return [...faults, ...foreign.map((label) => `nothing here has the label ${label}`)];
}

describe("an expression", () => {
  test.each(allExpressions(root))("of $where asks for metrics that exist", ({ expr }) => {
    expect(selectorsOf(expr).selectors).not.toEqual([]);
    expect(faultsOf(expr)).toEqual([]);
  });

  test.each([
    ["up_and_down", "there is no metric up_and_down"],
    ['sum(rate(fraud_decisions_total{verdict="x"}[5m]))', "has no label verdict"],
    ["sum by (card) (fraud_decisions_total)", "nothing here has the label card"],
    ["rate(fraud_decision_duration_seconds[5m])", "there is no metric fraud_decision_duration"],
  ])("that is wrong is found out: %s", (expr, fault) => {
    expect(faultsOf(expr).join()).toContain(fault);
  });
});

describe("a runbook", () => {
  test.each(alerts.map(({ alert = "", annotations }) => [alert, annotations?.["runbook"] ?? ""]))(
    "of %s tells what it means, where to look first and how it is cured",
    (alert, path) => {
      expect(existsSync(join(root, path))).toBe(true);
      const text = readFileSync(join(root, path), "utf8");
      expect(text).toContain(`\`${alert}\``);
      for (const part of ["## Meaning", "## First look", "## Cure"]) expect(text).toContain(part);
    },
  );
});
