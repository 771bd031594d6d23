import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Arena } from "./arena.ts";
import { Ring, type RingState } from "./ring.ts";

const widths = [
  { width: 2, texts: 1, capacity: 1 },
  { width: 1, texts: 0, capacity: 2 },
  { width: 3, texts: 2, capacity: 0 },
];

/** Three rings in the arrays of one key. */
function rings(): { readonly state: RingState; readonly all: readonly Ring[] } {
  const arena = new Arena();
  const all = widths.map((of) => new Ring(of, arena));
  return { state: structuredClone(arena.blank), all };
}

function push(ring: Ring, state: RingState, value: number): void {
  const number = ring.push(state);
  const { width, texts } = ring.options;
  const cell = ring.cellOf(state, number);
  const text = ring.textOf(state, number);
  for (let i = 0; i < width; i++) state.cells[cell + i] = value + i;
  for (let i = 0; i < texts; i++) state.texts[text + i] = `${value}.${i}`;
}

/** The first cell and the last text of each record, oldest first. */
function contents(ring: Ring, state: RingState): readonly unknown[] {
  const { texts } = ring.options;
  const found: unknown[] = [];
  for (let number = ring.start(state); number < ring.end(state); number++) {
    const text = texts === 0 ? "" : state.texts[ring.textOf(state, number) + texts - 1];
    found.push([state.cells[ring.cellOf(state, number)], text]);
  }
  return found;
}

function expected(values: readonly number[], texts: number): readonly unknown[] {
  return values.map((value) => [value, texts === 0 ? "" : `${value}.${texts - 1}`]);
}

const deed = fc.record({
  ring: fc.nat({ max: widths.length - 1 }),
  what: fc.constantFrom("push", "push", "push", "shift", "pop", "clear" as const),
  times: fc.integer({ min: 1, max: 40 }),
});

test("rings that share arrays grow, shrink and are emptied without touching each other", () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const { state, all } = rings();
      const lists: number[][] = all.map(() => []);
      let next = 0;
      for (const { ring: r, what, times } of deeds) {
        const ring = all[r] as Ring;
        const list = lists[r] as number[];
        for (let i = 0; i < (what === "clear" ? 1 : times); i++) {
          if (what === "push") {
            push(ring, state, next);
            list.push(next++);
          } else if (what === "clear") {
            ring.clear(state);
            list.length = 0;
          } else if (list.length > 0) {
            ring[what](state);
            if (what === "shift") list.shift();
            else list.pop();
          }
        }
        all.forEach((other, o) => {
          expect(contents(other, state)).toEqual(expected(lists[o] ?? [], other.options.texts));
        });
      }
    }),
  );
});

test("a ring gives back the room of a flood", () => {
  const { state, all } = rings();
  const ring = all[0] as Ring;
  for (let i = 0; i < 1_000; i++) push(ring, state, i);
  const flooded = state.cells.length;
  while (ring.count(state) > 1) ring.shift(state);
  expect(state.cells.length).toBeLessThan(flooded / 10);
  expect(contents(ring, state)).toEqual([[999, "999.0"]]);
});
