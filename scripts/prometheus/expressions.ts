import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { readDashboards } from "../generate/dashboards.ts";

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          record: z.string().optional(),
          expr: z.string(),
          annotations: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
  ),
});

export type PrometheusRule = z.infer<typeof rulesSchema>["groups"][number]["rules"][number];

/** The rules of one file of infra/prometheus. */
export function readRules(root: string, file: "alerts.yml" | "recordings.yml"): PrometheusRule[] {
  const text = readFileSync(join(root, "infra/prometheus", file), "utf8");
  return rulesSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

/** A query that somebody relies on, and where it stands. */
export interface Expression {
  readonly where: string;
  readonly expr: string;
  /** No result is an answer too: alerts that do not fire, counters of trouble. */
  readonly mayBeEmpty: boolean;
}

/** Every query of the dashboards, the alerts and the recordings. */
export function allExpressions(root: string): Expression[] {
  const panels = Object.entries(readDashboards(root)).flatMap(([name, { panels: list }]) =>
    list.flatMap(({ title, queries, mayBeEmpty }) =>
      Object.values(queries).map((expr) => ({
        where: `dashboard ${name}: ${title}`,
        expr,
        mayBeEmpty,
      })),
    ),
  );
  const rules = (["alerts.yml", "recordings.yml"] as const).flatMap((file) =>
    readRules(root, file).map(({ alert, record, expr }) => ({
      where: `${file}: ${alert ?? record}`,
      expr,
      mayBeEmpty: alert !== undefined,
    })),
  );
  return [...panels, ...rules];
}

/** A metric that an expression asks for, with the labels that it matches by. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

const KEYWORDS = new Set(["by", "without", "and", "or", "unless", "offset", "on", "ignoring"]);

/** The selectors of a PromQL expression, and the labels that it groups by. */
export function selectorsOf(expr: string): { selectors: Selector[]; groupedBy: string[] } {
  const groupedBy = [...expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim()),
  );
  const bare = expr.replace(/\b(?:by|without) \([^)]*\)/g, " ").replace(/\[[^\]]*\]/g, " ");
  const selectors = [...bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?(?!\s*\()/g)]
    .map(([text, metric = "", matchers = ""]) => ({ text, metric, matchers }))
    .filter(({ metric, matchers }) => matchers !== "" || !KEYWORDS.has(metric))
    .filter(({ metric }) => !isInsideMatchers(bare, metric))
    .map(({ metric, matchers }) => ({
      metric,
      labels: [...matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
    }));
  return { selectors, groupedBy };
}

/** A label or a label's value, not a metric. */
function isInsideMatchers(expr: string, name: string): boolean {
  return !new RegExp(`(?<![\\w:])${name}(?![\\w:])`).test(expr.replace(/\{[^}]*\}/g, " "));
}
