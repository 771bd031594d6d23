import type { JudgeContext } from "./judge-context.ts";
import { approximateFlag, warmingFlag } from "./judgement.ts";
import type { CompiledRule } from "./lane-plan.ts";

/** Flags that hold whatever the outcome. */
export function flagsOf(rule: CompiledRule, at: number, context: JudgeContext): number {
  const warming = at <= rule.warmUntil ? warmingFlag : 0;
  return context.incomplete ? warming | approximateFlag : warming;
}
