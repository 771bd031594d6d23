import type { PatternSpec } from "./pattern.ts";
import type { Link, Run } from "./runs.ts";

/** Where something stands in the order of events: by time, then by arrival. */
type Place = { readonly at: number; readonly sequence: number };

function compare(a: Place, b: Place): number {
  return a.at - b.at || a.sequence - b.sequence;
}

function start<E>(run: Run<E>): Place {
  return { at: run.startAt, sequence: run.startSequence };
}

/** Whether a run's first event comes before another's. */
export function startsBefore<E>(a: Run<E>, b: Run<E>): boolean {
  return compare(start(a), start(b)) < 0;
}

/**
 * For a match, says which other runs its skip strategy keeps: toNext removes those that start at
 * or before its first event, pastLast at or before its last, toFirst(x) and toLast(x) before the
 * first or last event of x (none, when the match has no x).
 */
export function survivors<E>(spec: PatternSpec<unknown>, match: Run<E>): (run: Run<E>) => boolean {
  const { skip } = spec;
  switch (skip.kind) {
    case "none":
      return () => true;
    case "toNext":
      return after(start(match), false);
    case "pastLast":
      return match.last === undefined ? () => true : after(match.last, false);
    case "toFirst":
    case "toLast": {
      const stage = spec.stages.findIndex(({ name }) => name === skip.stage);
      const events = linksOf(match.last, stage);
      const target = skip.kind === "toLast" ? events[0] : events.at(-1);
      return target === undefined ? () => true : after(target, true);
    }
  }
}

function after<E>(place: Place, orAt: boolean): (run: Run<E>) => boolean {
  return (run) => {
    const order = compare(start(run), place);
    return order > 0 || (orAt && order === 0);
  };
}

/** The links that one stage took, newest first. */
function linksOf<E>(last: Link<E> | undefined, stage: number): readonly Link<E>[] {
  const links: Link<E>[] = [];
  for (let link = last; link !== undefined; link = link.before) {
    if (link.stage === stage) links.push(link);
  }
  return links;
}
