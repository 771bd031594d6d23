import type { Stream } from "../stream.ts";
import type { Source } from "./expression.ts";

/** What a condition may mention, which depends on where in a rule it stands. */
export type Scope = {
  readonly stream: Stream;
  /** Variable name to what it reads: `tx` the event at hand, aliases the sides of a join. */
  readonly variables: ReadonlyMap<string, Source>;
  /** count(), sum(tx.amount) … over the rule's window. */
  readonly window: boolean;
  /** history.count(), history.avg(tx.amount) … over the rule's memory. */
  readonly history: boolean;
  /** Earlier stages of the pattern: count(probe), max(probe.amount) … */
  readonly stages: readonly string[];
};

/** One mistake inside an expression; offsets are into its text. */
export type Problem = { readonly start: number; readonly end: number; readonly message: string };

/** The scope of a plain condition on the event at hand. */
export function eventScope(stream: Stream): Scope {
  return {
    stream,
    variables: new Map([[stream.variable, "event"]]),
    window: false,
    history: false,
    stages: [],
  };
}
