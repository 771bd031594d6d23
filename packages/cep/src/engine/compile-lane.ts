import {
  compileBoolean,
  type Evaluation,
  type Resolver,
  type ValueFunction,
} from "../language/evaluate.ts";
import type { AggregateExpression, Expression } from "../language/expression.ts";
import type { Condition, RuleDefinition, RulePack, WindowPlan } from "../rules/definition.ts";
import type { ColumnSpec } from "../window/accumulator.ts";
import type { BucketSpec } from "../window/buckets.ts";
import type { HistorySpec } from "../window/history.ts";
import type { SlidingSpec } from "../window/sliding.ts";
import { compileJoin, compilePattern, compileTable } from "./compile-keyed.ts";
import { fingerprint } from "./fingerprint.ts";
import { noHit, silent } from "./judgement.ts";
import type {
  AggregateSource,
  CompiledCondition,
  CompiledJoin,
  CompiledLane,
  CompiledPattern,
  CompiledRule,
  CompiledTable,
  CompiledWindow,
  Scratch,
} from "./lane-plan.ts";
import {
  aggregatesIn,
  bucketSpan,
  isTimed,
  leavesOf,
  readsEventAlone,
  readsRun,
  stored,
  windowSpan,
} from "./plan-analysis.ts";
import { expressionsOf, fieldsRead, projectedFields } from "./projection.ts";
import type { Limits, Lineage } from "./types.ts";

export type LaneOptions = {
  readonly time: "early" | "final";
  readonly lineage: Lineage;
  readonly limits: Limits;
  readonly allowedLatenessMs: number;
};

/** What a condition depends on besides its text. */
export type ConditionScope = {
  readonly table?: number | undefined;
  readonly memoryMs?: number | undefined;
};

type Shared<S> = {
  readonly spec: S;
  readonly aggregates: AggregateSource[];
  readonly wantedBy: number[];
};
type Windowed = SlidingSpec | BucketSpec | HistorySpec;

/** Compiles the rules of one lane, which share conditions, windows and the log. */
export function compileLane(
  pack: RulePack,
  rules: readonly RuleDefinition[],
  options: LaneOptions,
): CompiledLane {
  const compiler = new LaneCompiler(pack, rules, options);
  for (const rule of rules) compiler.add(rule);
  return compiler.finish();
}

/** Collects what the rules of a lane share while they are compiled one by one. */
export class LaneCompiler {
  readonly pack: RulePack;
  readonly options: LaneOptions;
  readonly conditions: CompiledCondition[] = [];
  readonly scratch: Scratch;
  readonly #bits: number[] = [];
  readonly #slidings: Shared<SlidingSpec>[] = [];
  readonly #buckets: Shared<BucketSpec>[] = [];
  readonly #histories: Shared<HistorySpec>[] = [];
  readonly #tables: CompiledTable[] = [];
  readonly #patterns: CompiledPattern[] = [];
  readonly #joins: CompiledJoin[] = [];
  readonly #rules: CompiledRule[] = [];
  readonly #projection: readonly number[];
  #slots = 0;

  constructor(pack: RulePack, rules: readonly RuleDefinition[], options: LaneOptions) {
    this.pack = pack;
    this.options = options;
    this.#projection = projectedFields(rules);
    const most = rules.reduce((sum, rule) => sum + expressionsOf(rule).length, 0);
    this.scratch = {
      evaluation: {
        event: { type: "", at: 0, values: [] },
        left: undefined,
        table: undefined,
        aggregates: [],
        run: undefined,
        missing: false,
      },
      truths: new Int8Array(most),
      missing: new Uint8Array(most),
      rows: [],
    };
  }

  /** Since when a piece of state has been collected. */
  since(print: string): number {
    return this.options.lineage[print]?.since ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * Index of the condition. Those on the event alone are shared; those that do not depend on a run
   * have a bit, for their truth is settled when the event arrives.
   */
  condition(condition: Condition, resolve: Resolver, scope: ConditionScope): number {
    const { text, types, expression } = condition;
    const shared = readsEventAlone(expression);
    const print = fingerprint(["condition", text, types, ...(shared ? [] : [scope.memoryMs])]);
    const known = this.conditions.findIndex((other) => other.fingerprint === print);
    if (shared && known >= 0) return known;
    const index = this.conditions.length;
    const bit = readsRun(expression) ? -1 : this.#bits.push(index) - 1;
    const evaluate = this.#bound(scope.table, compileBoolean(expression, resolve));
    this.conditions.push({ fingerprint: print, types, evaluate, bit });
    return index;
  }

  add(rule: RuleDefinition): void {
    const { plan } = rule;
    const base = {
      definition: rule,
      index: this.#rules.length,
      gate: -1,
      having: undefined,
      sliding: undefined,
      slidingSpec: undefined,
      bucket: undefined,
      bucketSpec: undefined,
      history: undefined,
      table: undefined,
      pattern: undefined,
      join: undefined,
      leaves: [],
      judgesEvents: true,
    };
    if (plan.kind === "pattern") {
      const expressions = expressionsOf(rule);
      const history = this.#history(rule, aggregatesIn(expressions, "history"));
      const table = this.#table(rule, expressions);
      const resolve = this.#resolver({ history, table });
      const scope = { table, memoryMs: rule.memoryMs };
      const pattern = compilePattern(this, plan, { resolve, scope });
      const at = this.#patterns.push(pattern) - 1;
      this.#rules.push({ ...base, pattern: at, ...warmth(pattern.since, pattern.withinMs) });
    } else if (plan.kind === "join") {
      const join = compileJoin(this, plan);
      const spanMs = Math.max(Math.abs(join.lowerMs), Math.abs(join.upperMs));
      this.#rules.push({
        ...base,
        join: this.#joins.push(join) - 1,
        ...warmth(join.since, spanMs),
      });
    } else {
      this.#rules.push({ ...base, ...this.#windowRule(rule, plan) });
    }
  }

  #windowRule(
    rule: RuleDefinition,
    plan: WindowPlan,
  ): Omit<CompiledRule, "definition" | "index" | "pattern" | "join"> {
    const plain: Resolver = { position: (node) => node.index, aggregate: () => () => undefined };
    const expressions = expressionsOf(rule);
    const history = this.#history(rule, aggregatesIn(expressions, "history"));
    const table = this.#table(rule, expressions);
    const fill = plan.window === undefined ? -1 : this.condition(plan.fill, plain, {});
    const asked = aggregatesIn(expressions, "window");
    const window = plan.window;
    const sliding =
      window?.kind === "sliding" ? this.#sliding(window.sizeMs, { plan, fill }, asked) : undefined;
    const bucket =
      window !== undefined && window.kind !== "sliding"
        ? this.#bucket(window, { plan, fill }, asked)
        : undefined;
    const resolve = this.#resolver({ history, sliding, bucket, table });
    const gate = this.condition(plan.gate, resolve, { table, memoryMs: rule.memoryMs });
    const shared = sliding === undefined ? undefined : this.#slidings[sliding];
    if (shared !== undefined && !shared.wantedBy.includes(gate)) shared.wantedBy.push(gate);
    const spans = [
      sliding === undefined ? undefined : this.#slidings[sliding]?.spec.since,
      bucket === undefined ? undefined : this.#buckets[bucket]?.spec.since,
      history === undefined ? undefined : this.#histories[history]?.spec.since,
    ].filter((since) => since !== undefined);
    const spanMs = windowSpan(plan);
    return {
      gate,
      having: plan.having && this.#bound(table, compileBoolean(plan.having.expression, resolve)),
      sliding,
      slidingSpec: shared?.spec,
      bucket,
      bucketSpec: this.#buckets[bucket ?? -1]?.spec,
      history,
      table,
      leaves: leavesOf(expressions, resolve).map((leaf) => ({
        ...leaf,
        read: this.#bound(table, leaf.read),
      })),
      judgesEvents:
        bucket === undefined || this.options.time === "early" || rule.emit.time === "early",
      warmUntil:
        Math.max(Number.NEGATIVE_INFINITY, ...spans) + Math.max(spanMs, rule.memoryMs ?? 0),
      spanMs,
    };
  }

  /** Puts the row of the rule's table in place before the closure runs. */
  #bound<T>(
    table: number | undefined,
    read: (evaluation: Evaluation) => T,
  ): (evaluation: Evaluation) => T {
    if (table === undefined) return read;
    const { rows } = this.scratch;
    return (evaluation) => {
      evaluation.table = rows[table];
      return read(evaluation);
    };
  }

  #resolver(of: {
    history: number | undefined;
    sliding?: number | undefined;
    bucket?: number | undefined;
    table: number | undefined;
  }): Resolver {
    const { evaluation } = this.scratch;
    const kept = of.table === undefined ? [] : (this.#tables[of.table]?.kept ?? []);
    return {
      position: (node) =>
        node.source === "table" && node.index >= 0 ? kept.indexOf(node.index) : node.index,
      aggregate: (node) => {
        const window: Shared<Windowed> | undefined =
          node.scope.kind === "history"
            ? this.#histories[of.history ?? -1]
            : (this.#slidings[of.sliding ?? -1] ?? this.#buckets[of.bucket ?? -1]);
        if (window === undefined) return () => undefined;
        const slot = this.#slot(window, node);
        return readSlot(evaluation, slot);
      },
    };
  }

  /** Where the aggregate's value stands in a step's values, made if it is new. */
  #slot(window: Shared<Windowed>, node: AggregateExpression): number {
    const position = node.field === undefined ? -1 : this.#columnPosition(window.spec, node.field);
    const column =
      node.field === undefined
        ? undefined
        : window.spec.columns.findIndex((c) => c.position === position);
    const known = window.aggregates.find((a) => a.fn === node.fn && a.column === column);
    if (known !== undefined) return known.slot;
    const slot = this.#slots++;
    window.aggregates.push({ fn: node.fn, column, slot });
    return slot;
  }

  /** Log entries are projected; history reads the event itself. */
  #columnPosition(spec: Windowed, field: number): number {
    return "memoryMs" in spec ? field : this.#projection.indexOf(field);
  }

  #columns(asked: readonly AggregateExpression[], projected: boolean): readonly ColumnSpec[] {
    const fields = [...new Set(asked.flatMap((node) => node.field ?? []))].sort((a, b) => a - b);
    return fields.map((field) => {
      const over = asked.filter((node) => node.field === field).map((node) => node.fn);
      return {
        position: projected ? this.#projection.indexOf(field) : field,
        squares: over.includes("stddev"),
        extremes: over.includes("min") || over.includes("max"),
        distinct: over.includes("distinct"),
        float: this.pack.stream.fields[field]?.type === "double",
      };
    });
  }

  #sliding(
    sizeMs: number,
    of: { readonly plan: WindowPlan; readonly fill: number },
    asked: readonly AggregateExpression[],
  ): number {
    const print = fingerprint([
      "sliding",
      of.plan.fill.text,
      of.plan.fill.types,
      sizeMs,
      this.#named(asked),
    ]);
    const spec = {
      fingerprint: print,
      fill: this.conditions[of.fill]?.bit ?? -1,
      sizeMs,
      columns: this.#columns(asked, true),
      extremes: asked.some(({ fn }) => fn === "min" || fn === "max"),
      since: this.since(print),
    };
    return share(this.#slidings, spec);
  }

  #bucket(
    window: BucketSpec["window"],
    of: { readonly plan: WindowPlan; readonly fill: number },
    asked: readonly AggregateExpression[],
  ): number {
    const print = fingerprint([
      "bucket",
      of.plan.fill.text,
      of.plan.fill.types,
      window,
      this.#named(asked),
    ]);
    const spec = {
      fingerprint: print,
      fill: this.conditions[of.fill]?.bit ?? -1,
      window,
      columns: this.#columns(asked, true),
      since: this.since(print),
    };
    return share(this.#buckets, spec);
  }

  #history(rule: RuleDefinition, asked: readonly AggregateExpression[]): number | undefined {
    if (rule.memoryMs === undefined || asked.length === 0) return undefined;
    const print = fingerprint(["history", rule.memoryMs, this.#named(asked)]);
    const columns = this.#columns(asked, false);
    const spec = {
      fingerprint: print,
      types: this.pack.stream.judged,
      memoryMs: rule.memoryMs,
      columns,
      exact: !columns.some((column) => column.extremes || column.float),
      since: this.since(print),
    };
    return share(this.#histories, spec);
  }

  #table(rule: RuleDefinition, expressions: readonly Expression[]): number | undefined {
    const table = compileTable(this, rule, fieldsRead(expressions, "table"));
    if (table === undefined) return undefined;
    const known = this.#tables.findIndex((other) => other.fingerprint === table.fingerprint);
    return known >= 0 ? known : this.#tables.push(table) - 1;
  }

  /** The asked aggregates by names that outlive this compilation. */
  #named(asked: readonly AggregateExpression[]): readonly string[] {
    const { fields } = this.pack.stream;
    const names = asked.map((node) => `${stored(node.fn)} ${fields[node.field ?? -1]?.name ?? ""}`);
    return [...new Set(names)].sort();
  }

  /** Conditions that are settled on arrival and can hold for a type. */
  #conditionsOn(type: string | undefined): readonly number[] {
    return this.conditions.flatMap(({ types, bit }, c) => {
      const applies = types === undefined || (type !== undefined && types.includes(type));
      return bit >= 0 && applies ? [c] : [];
    });
  }

  finish(): CompiledLane {
    const logMs = Math.max(
      0,
      ...this.#slidings.map(({ spec }) => spec.sizeMs),
      ...this.#buckets.map(({ spec }) => bucketSpan(spec.window)),
      ...this.#patterns.map(({ withinMs }) => withinMs),
    );
    const memories = [
      ...this.#histories.map(({ spec }) => spec.memoryMs + Math.ceil(spec.memoryMs / 30)),
      ...this.#tables.map(({ memoryMs }) => memoryMs),
      ...this.#joins.map((join) => Math.max(Math.abs(join.lowerMs), Math.abs(join.upperMs))),
      ...this.#rules.map((rule) => Math.max(rule.definition.emit.cooldownMs, rule.spanMs)),
    ];
    const freeze = <S>({ spec, aggregates, wantedBy }: Shared<S>): CompiledWindow<S> => ({
      spec,
      aggregates,
      wantedBy,
    });
    return {
      time: this.options.time,
      rules: this.#rules,
      conditions: this.conditions,
      bits: this.#bits,
      slidings: this.#slidings.map(freeze),
      buckets: this.#buckets.map(freeze),
      histories: this.#histories.map(freeze),
      tables: this.#tables,
      patterns: this.#patterns,
      joins: this.#joins,
      conditionsByType: new Map(
        this.pack.stream.types.map((type) => [type, this.#conditionsOn(type)]),
      ),
      conditionsOnAll: this.#conditionsOn(undefined),
      timedRules: this.#rules.filter(isTimed),
      blankCodes: this.#rules.map((rule) => (rule.judgesEvents ? noHit : silent)),
      blankAggregates: new Array<number>(this.#slots).fill(Number.NaN),
      projection: this.#projection,
      logMs,
      retentionMs: Math.max(logMs, ...memories) + this.options.allowedLatenessMs,
      fingerprints: [
        ...this.#slidings.map(({ spec }) => spec.fingerprint),
        ...this.#buckets.map(({ spec }) => spec.fingerprint),
        ...this.#histories.map(({ spec }) => spec.fingerprint),
        ...this.#tables.map((table) => table.fingerprint),
        ...this.#patterns.map((pattern) => pattern.fingerprint),
        ...this.#joins.map((join) => join.fingerprint),
      ],
      scratch: this.scratch,
    };
  }
}

function share<S extends Windowed>(shared: Shared<S>[], spec: S): number {
  const known = shared.findIndex((other) => other.spec.fingerprint === spec.fingerprint);
  return known >= 0 ? known : shared.push({ spec, aggregates: [], wantedBy: [] }) - 1;
}

function readSlot(evaluation: Scratch["evaluation"], slot: number): ValueFunction {
  return () => {
    const value = evaluation.aggregates[slot];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  };
}

function warmth(since: number, spanMs: number): { warmUntil: number; spanMs: number } {
  return { warmUntil: since + spanMs, spanMs };
}
