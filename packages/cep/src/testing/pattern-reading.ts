import {
  type CaseEvent,
  type CaseStage,
  type Condition,
  conditionOf,
  quantifierOf,
} from "./pattern-case.ts";

/*
 * A second reading of what patterns mean, to compare the automaton with. There is no graph here: it
 * keeps every way to lay the events seen so far into the stages, lets each meet the next event
 * according to the meaning of the constructs, and drops none for speed. Slow and plain.
 *
 * Comments that begin with "Flink:" mark what follows from how Flink builds its graph and would
 * not be guessed from the words of the constructs.
 */

/** The place of the `ordinal`-th event of a stage. */
type Slot = { readonly stage: number; readonly ordinal: number };

/** One way to lay events into stages. */
export type Layout = {
  readonly taken: readonly { readonly event: CaseEvent; readonly stage: number }[];
  readonly filled: Slot;
  /** The slot it waits for once it has passed an event over; until then, any that may follow. */
  readonly aim: Slot | undefined;
  /** The greedy repetition before the aim was ended by its `until` and claims nothing any more. */
  readonly free: boolean;
};

/** An event, and what the layout that meets it has taken. */
type Moment = { readonly event: CaseEvent; readonly taken: Layout["taken"] };

/** A slot that may be filled next, and what else an event can do there. */
type Place = {
  readonly slot: Slot;
  /** Absences that an event would violate. */
  readonly forbidden: readonly number[];
  /** A greedy repetition before it does not claim the event. */
  readonly free: boolean;
};

/** What a layout becomes by one event. */
export type Meeting = {
  readonly layouts: readonly Layout[];
  readonly complete: readonly Layout[];
};

/** Where an event may go, and what it does besides. */
type Ways = {
  readonly places: readonly Place[];
  /** It violates an absence. */
  readonly violated: boolean;
  /** It is what a trailing `notNext` waited for. */
  readonly closed: boolean;
};

const nowhere: Ways = { places: [], violated: false, closed: false };

function together(ways: readonly Ways[]): Ways {
  return {
    places: ways.flatMap(({ places }) => places),
    violated: ways.some(({ violated }) => violated),
    closed: ways.some(({ closed }) => closed),
  };
}

/** No limit. */
export const endless = Number.POSITIVE_INFINITY;

/** The stages of a case with their conditions read. */
export class Stages {
  readonly #stages: readonly CaseStage[];
  readonly #where: readonly Condition[];
  readonly #until: readonly (Condition | undefined)[];

  constructor(stages: readonly CaseStage[]) {
    this.#stages = stages;
    this.#where = stages.map(({ where }) => conditionOf(where));
    this.#until = stages.map(({ until }) => (until === undefined ? undefined : conditionOf(until)));
  }

  get last(): number {
    return this.#stages.length - 1;
  }

  at(index: number): CaseStage {
    const stage = this.#stages[index];
    if (stage === undefined) throw new Error(`There is no stage ${index}.`);
    return stage;
  }

  /** How many events the stage takes, at least and at most. */
  bounds(index: number): { readonly min: number; readonly max: number } {
    const quantifier = quantifierOf(this.at(index).quantifier);
    if (quantifier.kind === "one") return { min: 1, max: 1 };
    const min = Math.max(1, quantifier.min);
    return { min, max: quantifier.kind === "loop" ? endless : quantifier.max };
  }

  /** The stage may take nothing; `times:0-2` says so too. */
  isOptional(index: number): boolean {
    const quantifier = quantifierOf(this.at(index).quantifier);
    return this.at(index).optional || (quantifier.kind !== "one" && quantifier.min === 0);
  }

  isAbsence(index: number): boolean {
    return this.at(index).link === "notNext" || this.#isLasting(index);
  }

  #isLasting(index: number): boolean {
    return this.#stages[index]?.link === "notFollowedBy";
  }

  where(index: number, { event, taken }: Moment): boolean {
    return this.#where[index]?.(event, this.#earlier(taken)) === true;
  }

  until(index: number, { event, taken }: Moment): boolean {
    return this.#until[index]?.(event, this.#earlier(taken)) === true;
  }

  #earlier(taken: Layout["taken"]): (name: string) => readonly CaseEvent[] {
    return (name) =>
      taken.filter(({ stage }) => this.at(stage).name === name).map(({ event }) => event);
  }

  /** Absences before the stage that last until it, back over optional stages. */
  absencesBefore(index: number): readonly number[] {
    const found: number[] = [];
    for (let i = index - 1; i >= 0; i--) {
      if (this.#isLasting(i)) found.push(i);
      else if (!this.isOptional(i)) return found;
    }
    return found;
  }

  /** The absence that begins when the stage is done. */
  absenceAfter(index: number): readonly number[] {
    return this.#isLasting(index + 1) ? [index + 1] : [];
  }

  /** The greedy repetition that the stage follows; absences that last do not come between. */
  greedyBefore(index: number): number | undefined {
    let before = index - 1;
    while (this.#isLasting(before)) before--;
    if (before < 0 || !this.at(before).greedy) return undefined;
    const { min, max } = this.bounds(before);
    return min === max ? undefined : before;
  }
}

/** How layouts meet events, by the meaning of the constructs. */
export class Reading {
  readonly #stages: Stages;

  constructor(stages: Stages) {
    this.#stages = stages;
  }

  /** Layouts that begin with the event. */
  begin(event: CaseEvent): Meeting {
    const moment: Moment = { event, taken: [] };
    return this.#fill(moment, this.#leave({ stage: -1, ordinal: 1 }, moment).places);
  }

  meet(layout: Layout, event: CaseEvent): Meeting {
    const moment: Moment = { event, taken: layout.taken };
    const ways = this.#ways(layout, moment);
    const filled = this.#fill(moment, ways.places);
    const passed = ways.places
      .filter(({ slot }) => this.#passesOver(slot, moment))
      .map(({ slot, free }) => ({
        ...layout,
        aim: slot,
        free: free || this.#stages.isOptional(slot.stage),
      }));
    const complete = [...filled.complete, ...(ways.closed ? [layout] : [])];
    // Flink: a violated absence ends the layout, but not a match that the same event completes.
    return { layouts: ways.violated ? [] : [...filled.layouts, ...passed], complete };
  }

  /** Where the event may go. */
  #ways(layout: Layout, moment: Moment): Ways {
    const { filled, aim, free } = layout;
    const { min, max } = this.#stages.bounds(filled.stage);
    if (aim !== undefined) {
      return this.#at({ slot: aim, forbidden: this.#absencesAtAim(layout, aim), free }, moment);
    }
    const again = { stage: filled.stage, ordinal: filled.ordinal + 1 };
    const forbidden = this.#stages.absenceAfter(filled.stage);
    return together([
      filled.ordinal < max ? this.#at({ slot: again, forbidden, free: true }, moment) : nowhere,
      filled.ordinal >= min ? this.#leave(filled, moment) : nowhere,
    ]);
  }

  /** First slots of the stages after the one filled last, over optional ones. */
  #leave(filled: Slot, moment: Moment): Ways {
    const stages = this.#stages;
    const ways: Ways[] = [];
    for (let index = filled.stage + 1; index <= stages.last; index++) {
      const { link } = stages.at(index);
      const trailing = index === stages.last;
      if (link === "notFollowedBy" && !trailing) continue;
      const free = this.#isFreed(index, filled, moment);
      if (!free && this.#isClaimed(index, moment)) break;
      if (link === "notNext") {
        const violated = stages.where(index, moment);
        ways.push({ places: [], violated, closed: trailing && !violated });
        if (violated) break;
      } else {
        const since = stages.absencesBefore(index).filter((absence) => absence > filled.stage);
        const forbidden = stages.isAbsence(index) ? [index] : since;
        ways.push(this.#at({ slot: { stage: index, ordinal: 1 }, forbidden, free }, moment));
        if (!stages.isOptional(index)) break;
      }
    }
    return together(ways);
  }

  /** One place; what greed claims is none. */
  #at(place: Place, moment: Moment): Ways {
    const { slot, forbidden, free } = place;
    if (slot.ordinal === 1 && !free && this.#isClaimed(slot.stage, moment)) return nowhere;
    const violated = forbidden.some((absence) => this.#stages.where(absence, moment));
    return { places: [place], violated, closed: false };
  }

  /** Whether a greedy repetition before the stage wants the event for itself. */
  #isClaimed(index: number, moment: Moment): boolean {
    const greedy = this.#stages.greedyBefore(index);
    return greedy !== undefined && this.#stages.where(greedy, moment);
  }

  /** Whether no greedy repetition has a say in what the stage takes. */
  #isFreed(index: number, filled: Slot, moment: Moment): boolean {
    const stages = this.#stages;
    const greedy = stages.greedyBefore(index);
    if (greedy === undefined) return true;
    // Flink: an optional greedy loop after an absence claims nothing unless it has begun.
    const guarded = stages.absencesBefore(greedy).length > 0 && stages.isOptional(greedy);
    const loop = stages.bounds(greedy).max === endless;
    if (loop && guarded && filled.stage !== greedy) return true;
    return stages.until(greedy, moment);
  }

  #absencesAtAim({ filled }: Layout, aim: Slot): readonly number[] {
    const stages = this.#stages;
    const { min, max } = stages.bounds(aim.stage);
    if (stages.isAbsence(aim.stage)) return [aim.stage];
    const since = stages.absencesBefore(aim.stage).filter((absence) => absence > filled.stage);
    // Flink: having passed an event over, an optional stage minds every absence before it again,
    if (aim.ordinal === 1)
      return stages.isOptional(aim.stage) ? stages.absencesBefore(aim.stage) : since;
    // and so does times(n, m) when it has enough; what must not follow it may then come before.
    if (max !== endless && aim.ordinal > min) return stages.absencesBefore(aim.stage);
    return stages.absenceAfter(aim.stage);
  }

  #fill(moment: Moment, places: readonly Place[]): Meeting {
    const layouts = places
      .filter(({ slot }) => this.#takes(slot, moment))
      .map(({ slot }) => ({
        taken: [...moment.taken, { event: moment.event, stage: slot.stage }],
        filled: slot,
        aim: this.#onlyAbsence(slot),
        free: false,
      }));
    return {
      layouts: layouts.filter((layout) => this.#slots(layout).length > 0),
      complete: layouts.filter(({ filled }) => this.#isEnough(filled, moment)),
    };
  }

  #takes({ stage }: Slot, moment: Moment): boolean {
    const stages = this.#stages;
    const { gap = endless } = stages.at(stage);
    const before = moment.taken.at(-1)?.event.ts ?? endless;
    if (stages.isAbsence(stage) || moment.event.ts - before >= gap) return false;
    return stages.where(stage, moment) && !stages.until(stage, moment);
  }

  #passesOver({ stage, ordinal }: Slot, moment: Moment): boolean {
    const { link, inner } = this.#stages.at(stage);
    const again = ordinal > 1;
    if (again && this.#stages.until(stage, moment)) return false;
    const contiguity = again ? inner : link;
    if (contiguity === "next" || contiguity === "consecutive") return false;
    if (contiguity === "followedByAny" || contiguity === "combinations") return true;
    return !this.#stages.where(stage, moment);
  }

  /** The trailing absence, when nothing else can follow: from then on it is waited for. */
  #onlyAbsence({ stage, ordinal }: Slot): Slot | undefined {
    const { last } = this.#stages;
    const full = ordinal === this.#stages.bounds(stage).max;
    let next = stage + 1;
    while (next < last && this.#stages.at(next).link === "notFollowedBy") next++;
    const absent = next === last && this.#stages.at(last).link === "notFollowedBy";
    return full && absent ? { stage: last, ordinal: 1 } : undefined;
  }

  /** Whether nothing more is needed once the slot is filled. */
  #isEnough(filled: Slot, moment: Moment): boolean {
    const stages = this.#stages;
    if (filled.ordinal < stages.bounds(filled.stage).min) return false;
    for (let next = filled.stage + 1; next <= stages.last; next++) {
      const { link } = stages.at(next);
      if (stages.isAbsence(next) ? next === stages.last : !stages.isOptional(next)) return false;
      // Flink: whether an optional end may be left out is asked of the event just taken.
      if (link === "notFollowedBy") continue;
      if (link === "notNext" && stages.where(next, moment)) return false;
      if (!this.#isFreed(next, filled, moment) && this.#isClaimed(next, moment)) return false;
    }
    return true;
  }

  /** Waits for the trailing absence alone: time completes it. */
  awaitsAbsence({ aim }: Layout): boolean {
    return aim !== undefined && this.#stages.isAbsence(aim.stage);
  }

  /** When the gaps leave the layout no place to go. */
  gapDeadline(layout: Layout): number {
    const lastAt = layout.taken.at(-1)?.event.ts ?? endless;
    return (
      lastAt +
      Math.max(...this.#slots(layout).map(({ stage }) => this.#stages.at(stage).gap ?? endless))
    );
  }

  /** Slots that any event could fill next. */
  #slots({ filled, aim }: Layout): readonly Slot[] {
    if (aim !== undefined) return [aim];
    const stages = this.#stages;
    const { min, max } = stages.bounds(filled.stage);
    const slots: Slot[] = filled.ordinal < max ? [{ ...filled, ordinal: filled.ordinal + 1 }] : [];
    if (filled.ordinal < min) return slots;
    for (let next = filled.stage + 1; next <= stages.last; next++) {
      if (stages.isAbsence(next) && next < stages.last) continue;
      slots.push({ stage: next, ordinal: 1 });
      if (!stages.isOptional(next)) break;
    }
    return slots;
  }
}
