import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { StreamEvent } from "../stream.ts";
import { Arena, type ArenaState } from "./arena.ts";
import { type BucketOptions, Buckets } from "./buckets.ts";
import { Totals } from "./totals.ts";

type Span = BucketOptions["window"];

const shop = { field: 0, numeric: false, float: false, squares: false, extremes: false };

/** Two kinds of windows beside each other in one key, as rules have them. */
function keyWith(window: Span) {
  const arena = new Arena();
  const options = { fingerprint: "", fill: 0, sources: [], since: Number.NEGATIVE_INFINITY };
  const totals = new Totals([{ ...shop, distinct: true, kept: undefined }]);
  const buckets = new Buckets({ ...options, window, totals }, arena);
  const minutes: Span = { kind: "tumbling", sizeMs: 60 };
  const others = new Buckets({ ...options, window: minutes, totals: new Totals([]) }, arena);
  const fresh = (): ArenaState => structuredClone(arena.blank);
  return { buckets, others, fresh };
}

/** Windows as anybody would find them: all events sorted, then grouped. */
function expected(window: Span, events: readonly StreamEvent[]) {
  const groups: StreamEvent[][] = [];
  for (const event of events.toSorted((a, b) => a.at - b.at)) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && belongs(window, last.at, event.at)) groups.at(-1)?.push(event);
    else groups.push([event]);
  }
  return groups.map((group) => ({
    count: group.length,
    ids: group.slice(-40).map(({ id }) => id),
    ats: group.slice(-40).map(({ at }) => at),
    shops: new Set(group.map(({ values }) => values[0])).size,
  }));
}

function belongs(window: Span, before: number, at: number): boolean {
  if (window.kind === "session") return at - before <= window.gapMs;
  if (window.kind === "global") return true;
  return Math.floor(before / window.sizeMs) === Math.floor(at / window.sizeMs);
}

function seen(buckets: Buckets, state: ArenaState) {
  return buckets.stored(state).map(({ totals, counts, ids, ats }) => {
    return { count: totals[0], ids, ats, shops: counts[0]?.size };
  });
}

const stream = fc
  .array(
    fc.record({ at: fc.integer({ min: -300, max: 300 }), shop: fc.integer({ max: 5, min: 1 }) }),
    {
      maxLength: 120,
    },
  )
  .map((list) =>
    list.map(({ at, shop: n }, i) => ({ id: `e${i}`, type: "payment", at, values: [`shop ${n}`] })),
  );

describe.each([
  ["tumbling", { kind: "tumbling", sizeMs: 50 }],
  ["session", { kind: "session", gapMs: 4 }],
  ["long session", { kind: "session", gapMs: 30 }],
  ["global", { kind: "global", count: 1_000 }],
] satisfies [string, Span][])("%s windows", (_, window) => {
  test("hold what belongs together, in whatever order it comes", () => {
    fc.assert(
      fc.property(stream, (events) => {
        const { buckets, others, fresh } = keyWith(window);
        const state = fresh();
        for (const event of events) {
          buckets.add(state, event);
          others.add(state, event);
        }
        expect(seen(buckets, state)).toEqual(expected(window, events));
        const again = fresh();
        buckets.restore(again, buckets.stored(state));
        expect(buckets.stored(again)).toEqual(buckets.stored(state));
      }),
    );
  });

  test("are forgotten one by one, in any order, and leave the others as they were", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (events, picks) => {
        const { buckets, others, fresh } = keyWith(window);
        const state = fresh();
        for (const event of events) {
          buckets.add(state, event);
          others.add(state, event);
        }
        const untouched = others.stored(state);
        const left = [...buckets.stored(state)];
        for (const pick of picks) {
          if (left.length === 0) break;
          const index = pick % left.length;
          left.splice(index, 1);
          buckets.drop(state, buckets.start(state) + index);
        }
        expect(buckets.stored(state)).toEqual(left);
        expect(others.stored(state)).toEqual(untouched);
      }),
    );
  });
});
