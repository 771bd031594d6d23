import type { RingState } from "../window/ring.ts";
import type { CompiledRule } from "./lane-plan.ts";

/** When a rule last held and last spoke, for `emit: enter` and `cooldown`. */
export type Mark = { readonly held: boolean; readonly heldAt: number; readonly alertedAt: number };

type Marked = Pick<CompiledRule, "mark">;

/** Cells of a mark: whether the rule held (NaN before it ever did), since when, when it spoke. */
const heldAtCell = 1;
const alertedAtCell = 2;

/** The cells of a rule that never held. */
export const noMark: readonly number[] = [
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

/** Whether the rule ever held. */
export function isMarked({ mark }: Marked, { cells }: RingState): boolean {
  return !Number.isNaN(cells[mark]);
}

export function markOf({ mark }: Marked, { cells }: RingState): Mark {
  return {
    held: cells[mark] === 1,
    heldAt: cells[mark + heldAtCell] as number,
    alertedAt: cells[mark + alertedAtCell] as number,
  };
}

export function putMark({ mark }: Marked, { cells }: RingState, of: Mark): void {
  cells[mark] = of.held ? 1 : 0;
  cells[mark + heldAtCell] = of.heldAt;
  cells[mark + alertedAtCell] = of.alertedAt;
}

/** Notes whether the rule holds at a time, unless something later is noted. */
export function noteHeld(
  { mark }: Marked,
  { cells }: RingState,
  of: Omit<Mark, "alertedAt">,
): void {
  if (of.heldAt < (cells[mark + heldAtCell] as number)) return;
  cells[mark] = of.held ? 1 : 0;
  cells[mark + heldAtCell] = of.heldAt;
}

export function noteAlerted({ mark }: Marked, { cells }: RingState, at: number): void {
  cells[mark + alertedAtCell] = Math.max(cells[mark + alertedAtCell] as number, at);
}

export function forgetMark({ mark }: Marked, { cells }: RingState): void {
  for (let i = 0; i < noMark.length; i++) cells[mark + i] = noMark[i] as number;
}
