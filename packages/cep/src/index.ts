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
