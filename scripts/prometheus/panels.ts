import type { Dashboards, Panel } from "../generate/dashboards.ts";

/** One series of an instant query's answer, as Prometheus' API has it. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atSeconds: number, text: string];
}

/** Asks for the present values of an expression. Rejects when it is refused. */
export type Ask = (expr: string) => Promise<readonly Series[]>;

/** The query API of a Prometheus at `url`. */
export function askPrometheus(url: string): Ask {
  return async (expr) => {
    const query = new URL("/api/v1/query", url);
    query.searchParams.set("query", expr);
    const response = await fetch(query, { signal: AbortSignal.timeout(10_000) });
    const answer = (await response.json()) as {
      readonly error?: string;
      readonly data?: { readonly result: readonly Series[] };
    };
    if (answer.data === undefined) throw new Error(`${expr}: ${answer.error ?? response.status}`);
    return answer.data.result;
  };
}

const mostSeries = 8;
const labelWidth = 44;

/** Every panel of every dashboard as text: a line a series with its present value, largest first. */
export async function renderPanels(dashboards: Dashboards, ask: Ask): Promise<string[]> {
  const lines: string[] = [];
  for (const { title, panels } of Object.values(dashboards)) {
    lines.push("", `== ${title} ==`);
    for (const panel of panels) lines.push(...(await renderPanel(panel, ask)));
  }
  return lines.slice(1);
}

async function renderPanel(panel: Panel, ask: Ask): Promise<string[]> {
  const found: { label: string; value: number }[] = [];
  for (const [legend, expr] of Object.entries(panel.queries)) {
    for (const { metric, value } of await ask(expr)) {
      found.push({ label: labelOf(legend, metric), value: Number(value[1]) });
    }
  }
  found.sort((a, b) => compare(a.value, b.value) || (a.label < b.label ? -1 : 1));
  return [panel.title, ...linesOf(found, panel).map((line) => `  ${line}`)];
}

function linesOf(found: readonly { label: string; value: number }[], panel: Panel): string[] {
  if (found.length === 0) return [panel.mayBeEmpty ? "nothing, as it should be" : "NO DATA"];
  // A column of zeros hides the one line that is none.
  if (found.length > 2 && found.every(({ value }) => value === 0)) {
    return [`${cut(`all ${found.length} series`)}  ${format(0, panel.unit)}`];
  }
  const rest = found.length - mostSeries;
  return [
    ...found
      .slice(0, mostSeries)
      .map(({ label, value }) => `${cut(label)}  ${format(value, panel.unit)}`),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

/** Descending; what is no number comes last. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return b - a;
}

/** Grafana's legends: `{{label}}` stands for the label's value. */
function labelOf(legend: string, metric: Readonly<Record<string, string>>): string {
  return legend.replace(/\{\{(\w+)\}\}/g, (_, name: string) => metric[name] ?? "");
}

const cut = (label: string): string =>
  label.length > labelWidth ? `${label.slice(0, labelWidth - 1)}…` : label.padEnd(labelWidth);

const bytes = ["B", "KiB", "MiB", "GiB"] as const;

/** A value in the words of the panel's unit. */
export function format(value: number, unit: string): string {
  if (Number.isNaN(value)) return "–";
  switch (unit) {
    case "s":
      return value < 1 ? `${round(value * 1000)} ms` : `${round(value)} s`;
    case "ops":
    case "reqps":
      return `${round(value)} /s`;
    case "percentunit":
      return `${round(value * 100)} %`;
    case "bytes": {
      const step = Math.min(bytes.length - 1, Math.floor(Math.log2(Math.max(value, 1)) / 10));
      return `${round(value / 1024 ** step)} ${bytes[step]}`;
    }
    default:
      return String(round(value));
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;
