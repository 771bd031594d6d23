import type { NumberFunction, Resolver, ValueFunction } from "../language/evaluate.ts";
import { type AggregateExpression, TIME_FIELD, TYPE_FIELD } from "../language/expression.ts";
import type { RuleDefinition, WindowPlan } from "../rules/definition.ts";
import type { Stream } from "../stream.ts";
import type { Arena } from "../window/arena.ts";
import { type BucketOptions, Buckets } from "../window/buckets.ts";
import { History } from "../window/history.ts";
import { EventLog, type LogColumn, type LogLayout, timeColumn, typeColumn } from "../window/log.ts";
import { SlidingWindow } from "../window/sliding.ts";
import { type AggregateSource, type ColumnNeeds, Totals } from "../window/totals.ts";
import { fingerprint } from "./fingerprint.ts";
import type { CompiledLog, CompiledWindow, Scratch } from "./lane-plan.ts";
import { stored } from "./plan-analysis.ts";

/** A window while rules still add to it. */
export type Shared<W> = {
  readonly window: W;
  readonly print: string;
  readonly totals: Totals;
  readonly since: number;
  /** What is asked of it: the window's own list, which grows. */
  readonly sources: AggregateSource[];
  readonly wantedBy: number[];
};

type Options = {
  readonly stream: Stream;
  readonly layout: LogLayout;
  readonly scratch: Scratch;
  /** Where windows and logs get their places. */
  readonly arena: Arena;
  /** How many rules there are: their codes come before the values of aggregates. */
  readonly rules: number;
  /** Span of the log of all events; 0 when the lane needs none. */
  readonly recentMs: number;
  readonly since: (print: string) => number;
};

/** Condition that fills a window, and its bit. */
type Fill = { readonly plan: WindowPlan; readonly bit: number };

/** A log while rules still add to it. */
type GrowingLog = CompiledLog & { spanMs: number; readonly windows: SlidingWindow[] };

/** Collects the windows that the rules of a lane share, and gives them places in cells and logs. */
export class WindowCompiler {
  readonly slidings: Shared<SlidingWindow>[] = [];
  readonly buckets: Shared<Buckets>[] = [];
  readonly histories: Shared<History>[] = [];
  readonly #options: Options;
  readonly #logs: GrowingLog[] = [];
  #slots = 0;

  constructor(options: Options) {
    this.#options = options;
    const { recentMs } = options;
    if (recentMs > 0) this.#addLog({ fingerprint: "recent", fill: -1, spanMs: recentMs });
  }

  get logs(): readonly CompiledLog[] {
    return this.#logs;
  }
  /** How many values are asked of windows and histories. */
  get slots(): number {
    return this.#slots;
  }

  sliding(sizeMs: number, fill: Fill, asked: readonly AggregateExpression[]): number {
    const { text, types } = fill.plan.fill;
    const print = fingerprint(["sliding", text, types, sizeMs, this.#named(asked)]);
    const known = find(this.slidings, print);
    if (known >= 0) return known;
    const totals = this.#totals(asked);
    const since = this.#options.since(print);
    const sources: AggregateSource[] = [];
    const logIndex = this.#logFor(sizeMs, fill);
    const { log, windows } = this.#logs[logIndex] as GrowingLog;
    const window = new SlidingWindow({
      fingerprint: print,
      index: this.slidings.length,
      log,
      logIndex,
      fill: fill.bit,
      sizeMs,
      totals,
      sources,
      since,
    });
    windows.push(window);
    return this.slidings.push(shared(window, { print, totals, sources, since })) - 1;
  }

  bucket(span: BucketOptions["window"], fill: Fill, asked: readonly AggregateExpression[]): number {
    const { text, types } = fill.plan.fill;
    const print = fingerprint(["bucket", text, types, span, this.#named(asked)]);
    const known = find(this.buckets, print);
    if (known >= 0) return known;
    const totals = this.#totals(asked);
    const since = this.#options.since(print);
    const sources: AggregateSource[] = [];
    const options = {
      fingerprint: print,
      fill: fill.bit,
      window: span,
      totals,
      sources,
      since,
    };
    const window = new Buckets(options, this.#options.arena);
    return this.buckets.push(shared(window, { print, totals, sources, since })) - 1;
  }

  history(rule: RuleDefinition, asked: readonly AggregateExpression[]): number | undefined {
    if (rule.memoryMs === undefined || asked.length === 0) return undefined;
    const print = fingerprint(["history", rule.memoryMs, this.#named(asked)]);
    const known = find(this.histories, print);
    if (known >= 0) return known;
    const totals = this.#totals(asked);
    const since = this.#options.since(print);
    const sources: AggregateSource[] = [];
    const options = {
      fingerprint: print,
      memoryMs: rule.memoryMs,
      totals,
      sources,
      idleOnly: asked.every(({ fn }) => fn === "idle"),
      since,
    };
    const window = new History(options, this.#options.arena);
    return this.histories.push(shared(window, { print, totals, sources, since })) - 1;
  }

  /** Reads aggregates of the windows that a rule looks at. */
  aggregates(of: {
    readonly history: number | undefined;
    readonly sliding?: number | undefined;
    readonly bucket?: number | undefined;
  }): Pick<Resolver, "aggregate" | "number"> {
    const { evaluation } = this.#options.scratch;
    const slotOf = (node: AggregateExpression): number | undefined => {
      const window =
        node.scope.kind === "history"
          ? this.histories[of.history ?? -1]
          : (this.slidings[of.sliding ?? -1] ?? this.buckets[of.bucket ?? -1]);
      return window === undefined ? undefined : this.#slot(window, node);
    };
    return {
      aggregate: (node): ValueFunction => {
        const slot = slotOf(node);
        if (slot === undefined) return () => undefined;
        return () => {
          const value = evaluation.aggregates[slot];
          return value === undefined || Number.isNaN(value) ? undefined : value;
        };
      },
      number: (node): NumberFunction | undefined => {
        const slot = node.scope.kind === "stage" ? undefined : slotOf(node);
        return slot === undefined ? undefined : () => evaluation.aggregates[slot] ?? Number.NaN;
      },
    };
  }

  /** Where the aggregate's value stands in a step's values, made if it is new. */
  #slot(window: Shared<unknown>, node: AggregateExpression): number {
    const column =
      node.field === undefined
        ? undefined
        : window.totals.columns.find(({ field }) => field === node.field);
    const known = window.sources.find((a) => a.fn === node.fn && a.column === column);
    if (known !== undefined) return known.slot;
    const slot = this.#options.rules + this.#slots++;
    window.sources.push({ fn: node.fn, column, slot });
    return slot;
  }

  #totals(asked: readonly AggregateExpression[]): Totals {
    const fields = [...new Set(asked.flatMap((node) => node.field ?? []))].sort((a, b) => a - b);
    const needs = fields.map((field): ColumnNeeds => {
      const over = asked.filter((node) => node.field === field).map((node) => node.fn);
      const type = this.#typeOf(field);
      return {
        field,
        numeric: type !== "string" && type !== "bool",
        float: type === "double",
        squares: over.includes("stddev"),
        extremes: over.includes("min") || over.includes("max"),
        distinct: over.includes("distinct"),
        kept: this.#kept(field),
      };
    });
    return new Totals(needs);
  }

  #typeOf(field: number): string | undefined {
    if (field === TYPE_FIELD) return "string";
    return field === TIME_FIELD ? "timestamp" : this.#options.stream.fields[field]?.type;
  }

  #kept(field: number): LogColumn | undefined {
    if (field === TYPE_FIELD) return typeColumn;
    if (field === TIME_FIELD) return timeColumn;
    return this.#options.layout.columns.find((column) => column.field === field);
  }

  /** Short windows look at the recent log; others at a log of the events that fill them. */
  #logFor(sizeMs: number, { plan, bit }: Fill): number {
    if (sizeMs <= this.#options.recentMs) return 0;
    const print = fingerprint(["log", plan.fill.text, plan.fill.types]);
    const known = this.#logs.find((log) => log.fingerprint === print);
    if (known === undefined) return this.#addLog({ fingerprint: print, fill: bit, spanMs: sizeMs });
    known.spanMs = Math.max(known.spanMs, sizeMs);
    return this.#logs.indexOf(known);
  }

  /** The log of all events has one coming with any event, and is where ids are looked up. */
  #addLog(of: Omit<CompiledLog, "log" | "windows">): number {
    const isRecent = of.fill < 0;
    const options = {
      layout: this.#options.layout,
      capacity: isRecent ? 1 : 0,
      indexed: isRecent,
    };
    return (
      this.#logs.push({ ...of, log: new EventLog(options, this.#options.arena), windows: [] }) - 1
    );
  }

  /** The asked aggregates by names that outlive this compilation. */
  #named(asked: readonly AggregateExpression[]): readonly string[] {
    const { fields } = this.#options.stream;
    const names = asked.map((node) => `${stored(node.fn)} ${fields[node.field ?? -1]?.name ?? ""}`);
    return [...new Set(names)].sort();
  }
}

function shared<W>(
  window: W,
  of: Pick<Shared<W>, "print" | "totals" | "sources" | "since">,
): Shared<W> {
  return { window, ...of, wantedBy: [] };
}

function find(windows: readonly Shared<unknown>[], print: string): number {
  return windows.findIndex((window) => window.print === print);
}

export function frozen<W>({ window, wantedBy }: Shared<W>): CompiledWindow<W> {
  return { window, wantedBy };
}
