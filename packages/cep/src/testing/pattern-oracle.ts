import { type CaseEvent, drive, type PatternCase, textOf } from "./pattern-case.ts";
import { endless, type Layout, Reading, Stages } from "./pattern-reading.ts";

type Match = { readonly layout: Layout; readonly line: string };

/** Says which of several matches with one first event is handed out first. */
export type Choose = (lines: readonly string[]) => number;

/**
 * Every match and time-out of a case, as lines of the form of `expectedOf`. Where a skip
 * strategy has to choose between matches that begin with the same event, `choose` does.
 */
export function oracleAnswer(given: PatternCase, choose: Choose): string[] {
  const play = new Play(given, choose);
  drive(given, { advance: (at) => play.advance(at), process: (event) => play.process(event) });
  return play.lines;
}

class Play {
  readonly lines: string[] = [];
  readonly #given: PatternCase;
  readonly #choose: Choose;
  readonly #reading: Reading;
  readonly #within: number;
  readonly #place: ReadonlyMap<CaseEvent, number>;
  #open: readonly Layout[] = [];
  #complete: readonly Layout[] = [];

  constructor(given: PatternCase, choose: Choose) {
    this.#given = given;
    this.#choose = choose;
    this.#reading = new Reading(new Stages(given.pattern));
    this.#within = given.within > 0 ? given.within : endless;
    this.#place = new Map(given.events.map((event, i) => [event, i]));
  }

  advance(at: number): void {
    const over = this.#open.filter((layout) => this.#deadline(layout) <= at);
    this.#open = this.#open.filter((layout) => this.#deadline(layout) > at);
    for (const layout of over) {
      if (this.#reading.awaitsAbsence(layout)) this.#complete = [...this.#complete, layout];
      else this.lines.push(`timeout ${this.#deadline(layout)} ${this.#text(layout)}`);
    }
    this.#handOut(`match ${at} advance`);
  }

  #deadline(layout: Layout): number {
    const startAt = layout.taken[0]?.event.ts ?? endless;
    return Math.min(startAt + this.#within, this.#reading.gapDeadline(layout));
  }

  process(event: CaseEvent): void {
    const meetings = this.#open.map((layout) =>
      // An event passed over may leave an aim whose gap has run out already: time will say so.
      this.#deadline(layout) <= event.ts
        ? { layouts: [layout], complete: [] }
        : this.#reading.meet(layout, event),
    );
    meetings.push(this.#reading.begin(event));
    this.#open = meetings.flatMap(({ layouts }) => layouts);
    this.#complete = [...this.#complete, ...meetings.flatMap(({ complete }) => complete)];
    this.#handOut(`match ${event.ts} ${event.id}`);
  }

  /** Matches in the order of their first events; a skip strategy waits for earlier layouts. */
  #handOut(prefix: string): void {
    const skips = this.#given.skip !== "none";
    while (this.#complete.length > 0) {
      const first = Math.min(...this.#complete.map((layout) => this.#start(layout)));
      if (skips && this.#open.some((layout) => this.#start(layout) < first)) return;
      const tied: readonly Match[] = this.#complete
        .filter((layout) => this.#start(layout) === first)
        .map((layout) => ({ layout, line: `${prefix} ${this.#text(layout)}` }));
      const chosen = tied[this.#choose(tied.map(({ line }) => line))] ?? tied[0];
      if (chosen === undefined) return;
      this.lines.push(chosen.line);
      this.#complete = this.#complete.filter((layout) => layout !== chosen.layout);
      this.#skip(chosen.layout);
    }
  }

  /** Drops what the strategy does not want any more after a match. */
  #skip(match: Layout): void {
    const from = this.#keptFrom(match);
    const kept = (layout: Layout): boolean => this.#start(layout) >= from;
    this.#open = this.#open.filter(kept);
    this.#complete = this.#complete.filter(kept);
  }

  /** The number of the first event with which a layout may begin and be kept. */
  #keptFrom({ taken }: Layout): number {
    const numbers = taken.map(({ event }) => this.#number(event));
    const [kind, name] = this.#given.skip.split(":");
    if (kind === "none") return Number.NEGATIVE_INFINITY;
    if (kind === "toNext") return Math.min(...numbers) + 1;
    if (kind === "pastLast") return Math.max(...numbers) + 1;
    const own = numbers.filter((_, i) => this.#given.pattern[taken[i]?.stage ?? -1]?.name === name);
    if (own.length === 0) return Number.NEGATIVE_INFINITY;
    return kind === "toFirst" ? Math.min(...own) : Math.max(...own);
  }

  #start({ taken }: Layout): number {
    return this.#number(taken[0]?.event);
  }

  #number(event: CaseEvent | undefined): number {
    return event === undefined ? endless : (this.#place.get(event) ?? endless);
  }

  #text({ taken }: Layout): string {
    const stages: Record<string, string[]> = {};
    for (const { event, stage } of taken) {
      const { name = "" } = this.#given.pattern[stage] ?? {};
      stages[name] = [...(stages[name] ?? []), event.id];
    }
    return textOf(stages);
  }
}

/** Chooses, among matches that are equally early, the one that another engine gave first. */
export function asIn(answer: readonly string[]): Choose {
  const left = [...answer];
  return (lines) => {
    const places = lines.map((line) => left.indexOf(line));
    const first = Math.min(...places.filter((place) => place >= 0));
    delete left[first];
    return places.indexOf(first);
  };
}
