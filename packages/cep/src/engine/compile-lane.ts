import { compileBoolean, type Evaluation, type Resolver } from "../language/evaluate.ts";
import type { Expression } from "../language/expression.ts";
import type { Condition, RuleDefinition, RulePack, WindowPlan } from "../rules/definition.ts";
import type { Arena } from "../window/arena.ts";
import { layoutOf, setBit } from "../window/log.ts";
import { compileJoin, compilePattern, compileTable } from "./compile-keyed.ts";
import { frozen, WindowCompiler } from "./compile-windows.ts";
import { fingerprint } from "./fingerprint.ts";
import { noHit, silent } from "./judgement.ts";
import type {
  Blank,
  CompiledCondition,
  CompiledJoin,
  CompiledLane,
  CompiledPattern,
  CompiledRule,
  CompiledTable,
  Scratch,
} from "./lane-plan.ts";
import { noMark } from "./marks.ts";
import {
  aggregatesIn,
  bucketSpan,
  isTimed,
  leavesOf,
  readsEventAlone,
  readsRun,
  readsTypeAlone,
  windowSpan,
} from "./plan-analysis.ts";
import { expressionsOf, fieldsRead, projectedFields } from "./projection.ts";
import { type TypePlan, TypePlans } from "./type-plans.ts";
import type { Limits, Lineage } from "./types.ts";

export type LaneOptions = {
  readonly time: "early" | "final";
  /** Where the lane's state gets its place. */
  readonly arena: Arena;
  /** See `areOrderFree`. */
  readonly isOrderFree: boolean;
  readonly lineage: Lineage;
  readonly limits: Limits;
  readonly allowedLatenessMs: number;
  /** How far back the lane must know all events of a key, whatever its rules. */
  readonly horizonMs: number;
};

/** What a condition depends on besides its text. */
export type ConditionScope = {
  readonly table?: number | undefined;
  readonly memoryMs?: number | undefined;
};

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
  readonly #windows: WindowCompiler;
  readonly #tables: CompiledTable[] = [];
  readonly #patterns: CompiledPattern[] = [];
  readonly #joins: CompiledJoin[] = [];
  readonly #rules: CompiledRule[] = [];
  readonly #layout: CompiledLane["layout"];

  constructor(pack: RulePack, rules: readonly RuleDefinition[], options: LaneOptions) {
    this.pack = pack;
    this.options = options;
    const most = rules.reduce((sum, rule) => sum + expressionsOf(rule).length, 0);
    const fields = projectedFields(rules).map((field) => ({
      field,
      type: pack.stream.fields[field]?.type ?? "",
    }));
    this.#layout = layoutOf(most, fields);
    this.scratch = newScratch(most, this.#layout.words);
    this.#windows = new WindowCompiler({
      stream: pack.stream,
      layout: this.#layout,
      scratch: this.scratch,
      arena: options.arena,
      rules: rules.length,
      recentMs: Math.max(options.horizonMs, ...rules.map(({ plan }) => allEventsSpan(plan))),
      since: (print) => this.since(print),
    });
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
    const isTypeAlone = readsTypeAlone(expression);
    this.conditions.push({ fingerprint: print, types, evaluate, isTypeAlone, index, bit });
    return index;
  }

  add(rule: RuleDefinition): void {
    const { plan } = rule;
    const base = {
      definition: rule,
      index: this.#rules.length,
      mark: this.options.arena.reserve(noMark),
      gate: -1,
      having: undefined,
      sliding: undefined,
      bucket: undefined,
      history: undefined,
      table: undefined,
      pattern: undefined,
      join: undefined,
      leaves: [],
      judgesEvents: true,
    };
    if (plan.kind === "pattern") {
      const expressions = expressionsOf(rule);
      const history = this.#windows.history(rule, aggregatesIn(expressions, "history"));
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
  ): Omit<CompiledRule, "definition" | "index" | "mark" | "pattern" | "join"> {
    const plain: Resolver = { position: (node) => node.index, aggregate: () => () => undefined };
    const expressions = expressionsOf(rule);
    const windows = this.#windows;
    const history = windows.history(rule, aggregatesIn(expressions, "history"));
    const table = this.#table(rule, expressions);
    const { window } = plan;
    const fill = window === undefined ? -1 : this.condition(plan.fill, plain, {});
    const filled = { plan, bit: this.conditions[fill]?.bit ?? -1 };
    const asked = aggregatesIn(expressions, "window");
    const sliding =
      window?.kind === "sliding" ? windows.sliding(window.sizeMs, filled, asked) : undefined;
    const bucket =
      window === undefined || window.kind === "sliding"
        ? undefined
        : windows.bucket(window, filled, asked);
    const resolve = this.#resolver({ history, sliding, bucket, table });
    const gate = this.condition(plan.gate, resolve, { table, memoryMs: rule.memoryMs });
    const slid = windows.slidings[sliding ?? -1];
    if (slid !== undefined && !slid.wantedBy.includes(gate)) slid.wantedBy.push(gate);
    const spans = [slid, windows.buckets[bucket ?? -1], windows.histories[history ?? -1]].map(
      (shared) => shared?.since ?? Number.NEGATIVE_INFINITY,
    );
    const spanMs = windowSpan(plan);
    return {
      gate,
      having: plan.having && this.#bound(table, compileBoolean(plan.having.expression, resolve)),
      sliding,
      bucket,
      history,
      table,
      leaves: leavesOf(expressions, resolve).map((leaf) => ({
        ...leaf,
        read: this.#bound(table, leaf.read),
      })),
      judgesEvents:
        bucket === undefined || this.options.time === "early" || rule.emit.time === "early",
      warmUntil: Math.max(...spans) + Math.max(spanMs, rule.memoryMs ?? 0),
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
    const kept = of.table === undefined ? [] : (this.#tables[of.table]?.kept ?? []);
    return {
      position: (node) =>
        node.source === "table" && node.index >= 0 ? kept.indexOf(node.index) : node.index,
      ...this.#windows.aggregates(of),
    };
  }

  #table(rule: RuleDefinition, expressions: readonly Expression[]): number | undefined {
    const table = compileTable(this, rule, fieldsRead(expressions, "table"));
    if (table === undefined) return undefined;
    const known = this.#tables.findIndex((other) => other.fingerprint === table.fingerprint);
    return known >= 0 ? known : this.#tables.push(table) - 1;
  }

  /** Settles for a type what it decides: conditions that do not apply to it, or read nothing else. */
  #planOf(type: string | undefined): TypePlan {
    const applies = ({ types }: CompiledCondition): boolean =>
      types === undefined || (type !== undefined && types.includes(type));
    const applying = this.conditions.filter(
      (condition) => condition.bit >= 0 && applies(condition),
    );
    const isDecided = ({ isTypeAlone }: CompiledCondition) => isTypeAlone && type !== undefined;
    const truths = new Int8Array(this.conditions.length);
    const words = new Array<number>(this.#layout.words).fill(0);
    for (const { evaluate, index, bit } of applying.filter(isDecided)) {
      const event = { type: type ?? "", at: 0, values: [] };
      const truth = evaluate({ ...this.scratch.evaluation, event });
      truths[index] = truth;
      if (truth === 1) setBit(words, bit);
    }
    return {
      truths,
      words,
      settles: applying.filter((condition) => !isDecided(condition)),
      isJudged: type !== undefined && this.pack.stream.judged.includes(type),
    };
  }

  finish(): CompiledLane {
    const { slidings, buckets, histories, logs } = this.#windows;
    const memories = [
      ...logs.map((log) => log.spanMs),
      ...buckets.map(({ window }) => bucketSpan(window.options.window)),
      ...histories.map(
        ({ window: { options } }) => options.memoryMs + Math.ceil(options.memoryMs / 30),
      ),
      ...this.#tables.map(({ memoryMs }) => memoryMs),
      ...this.#joins.map((join) => Math.max(Math.abs(join.lowerMs), Math.abs(join.upperMs))),
      ...this.#rules.map((rule) => Math.max(rule.definition.emit.cooldownMs, rule.spanMs)),
    ];
    return {
      time: this.options.time,
      stream: this.pack.stream,
      limits: this.options.limits,
      rules: this.#rules,
      conditions: this.conditions,
      bits: this.#bits,
      layout: this.#layout,
      logs,
      slidings: slidings.map(frozen),
      buckets: buckets.map((shared, b) => ({ ...frozen(shared), speakers: this.#speakers(b) })),
      histories: histories.map(frozen),
      tables: this.#tables,
      patterns: this.#patterns,
      joins: this.#joins,
      plans: new TypePlans(
        new Map(this.pack.stream.types.map((type) => [type, this.#planOf(type)])),
        this.#planOf(undefined),
      ),
      gated: this.#rules.filter((rule) => rule.gate >= 0),
      sequential: this.#rules.filter((rule) => rule.pattern !== undefined),
      judging: this.#rules.filter((rule) => rule.judgesEvents),
      timedRules: this.#rules.filter(isTimed),
      arena: this.options.arena,
      isOrderFree: this.options.isOrderFree,
      blank: this.#blank(),
      retentionMs: Math.max(0, ...memories) + this.options.allowedLatenessMs,
      fingerprints: [
        ...[...slidings, ...buckets, ...histories].map(({ print }) => print),
        ...[...this.#tables, ...this.#patterns, ...this.#joins].map((piece) => piece.fingerprint),
      ],
      scratch: this.scratch,
    };
  }

  /** A rule that speaks early and finally has its final word in the final lane. */
  #speakers(bucket: number): readonly CompiledRule[] {
    const hasLastWord = ({ definition }: CompiledRule): boolean =>
      this.options.time === "final" || definition.emit.time !== "both";
    return this.#rules.filter((rule) => rule.bucket === bucket && hasLastWord(rule));
  }

  #blank(): Blank {
    const { slidings, slots } = this.#windows;
    return {
      values: [
        ...this.#rules.map((rule) => (rule.judgesEvents ? noHit : silent)),
        ...new Array<number>(slots).fill(Number.NaN),
      ],
      slidings: slidings.map(() => undefined),
      tables: this.#tables.map(() => undefined),
      patterns: this.#patterns.map(() => undefined),
      joins: this.#joins.map(() => undefined),
    };
  }
}

/**
 * How far back a plan looks at events that need not fill a window: patterns at all of them, windows
 * at those that were judged, so that an event out of order can correct what was said of them.
 */
function allEventsSpan(plan: RuleDefinition["plan"]): number {
  if (plan.kind === "pattern") return plan.spec.withinMs ?? 0;
  if (plan.kind === "join" || plan.window?.kind !== "sliding") return 0;
  const { gate, fill, window } = plan;
  const same = gate.text === fill.text && String(gate.types) === String(fill.types);
  return same ? 0 : window.sizeMs;
}

function newScratch(conditions: number, words: number): Scratch {
  return {
    evaluation: {
      event: { type: "", at: 0, values: [] },
      left: undefined,
      table: undefined,
      aggregates: [],
      run: undefined,
      missing: false,
    },
    truths: new Int8Array(conditions),
    missing: new Uint8Array(conditions),
    rows: [],
    words: new Array<number>(words).fill(0),
    numbers: [],
  };
}

function warmth(since: number, spanMs: number): { warmUntil: number; spanMs: number } {
  return { warmUntil: since + spanMs, spanMs };
}
