/** What a hit asks for, weakest first. */
export type Action = "approve" | "review" | "decline";

/** `shadow` rules are evaluated and recorded but never decide nor alert; `off` rules do not run. */
export type Mode = "active" | "shadow" | "off";

/** One file of a rule pack: a stream declaration or a list of rules. No I/O happens here. */
export type RuleFile = { readonly path: string; readonly content: string };

/** One mistake in a rule pack. Lines and columns count from 1. */
export type LoadError = {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly ruleId: string | undefined;
  /** A full sentence, with what was expected and, where one is near, a suggestion. */
  readonly message: string;
};

/** A rule as hosts see it. Versions are immutable: a changed rule has a new version. */
export type Rule = {
  readonly id: string;
  readonly version: number;
  readonly mode: Mode;
  readonly action: Action;
  readonly score: number;
  readonly reason: string;
  /** "Holds a payment when a card makes 3 or more payments above $100.00 within 60 seconds". */
  readonly sentence: string;
  readonly tags: readonly string[];
  /** Event time from which the rule judges, for backtests over data without barriers. */
  readonly effectiveFrom: number | undefined;
};
