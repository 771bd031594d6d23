import type { Engine, NamedEvent, StreamEvent } from "@holdfast/cep";
import type { RulesetActivated } from "@holdfast/contracts";

/** A rule set in force. */
export interface Ruleset {
  readonly generation: number;
  /** SHA-256 of the pack. */
  readonly rulesetId: string;
  readonly files: RulesetActivated["files"];
  readonly engine: Engine;
  /** ISO 4217 code in which rules compare amounts. */
  readonly currency: string;
  /** An event as the pack's stream declares it; undefined when the stream has no such type. */
  readonly toEvent: (event: NamedEvent) => StreamEvent | undefined;
  /** A value that a rule saw, as a person reads it; money as a decimal. */
  readonly display: (name: string, value: string | number | boolean | undefined) => string;
}

/** Compiles the pack of a barrier on top of the rule set before it; `since` is the watermark there. */
export type CompileRuleset = (
  event: Pick<RulesetActivated, "generation" | "rulesetId" | "files">,
  before: { readonly ruleset: Ruleset | undefined; readonly since: number },
) =>
  | { readonly ok: true; readonly ruleset: Ruleset }
  | { readonly ok: false; readonly message: string };
