export { StateFormatError } from "./engine/bytes.ts";
export { createEngine, nextLineage } from "./engine/engine.ts";
export type {
  HistoryView,
  KeyView,
  PartialMatchView,
  RuleView,
  WindowView,
} from "./engine/inspect-types.ts";
export type { KeyState } from "./engine/state.ts";
export type {
  Alert,
  Engine,
  EngineOptions,
  FinalResult,
  Limits,
  Lineage,
  RuleResult,
  Step,
  StepTail,
  TimedOut,
} from "./engine/types.ts";
export { KeyedRunner, type RunnerOptions } from "./host/keyed-runner.ts";
export {
  Automaton,
  type Match,
  type Outcome,
  PatternError,
  type Predicate,
} from "./pattern/automaton.ts";
export type { PatternSpec, Quantifier, Skip, Stage } from "./pattern/pattern.ts";
export { type Link, type Run, type Runs, stagesOf } from "./pattern/runs.ts";
export type { RuleDefinition, RulePack } from "./rules/definition.ts";
export { type LoadResult, loadRules } from "./rules/load.ts";
export { stageKeys } from "./rules/read-pattern.ts";
export { ruleKeys } from "./rules/read-rule.ts";
export type { Action, LoadError, Mode, Rule, RuleFile } from "./rules/types.ts";
export {
  type Field,
  type FieldType,
  type NamedEvent,
  type Stream,
  type StreamEvent,
  toEvent,
  type Value,
} from "./stream.ts";
export {
  type InputProgress,
  newWatermarks,
  observe,
  type TimedRecord,
  type WatermarkOptions,
  type Watermarks,
} from "./time/watermarks.ts";
