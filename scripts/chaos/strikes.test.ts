import { createRandom } from "@holdfast/traffic";
import { describe, expect, test } from "@jest/globals";
import { faultNames } from "./faults/all.ts";
import { Deck } from "./strikes.ts";

const draw = (deck: Deck, count: number) =>
  Array.from({ length: count }, () => deck.draw()?.name ?? "none");

describe("a deck of faults", () => {
  test("deals each fault once before any comes again, in an order that the seed decides", () => {
    const names = draw(new Deck(null, createRandom("a")), faultNames.length);
    expect(names.toSorted()).toEqual(faultNames.toSorted());
    expect(draw(new Deck(null, createRandom("a")), faultNames.length)).toEqual(names);
    expect(draw(new Deck(null, createRandom("b")), faultNames.length)).not.toEqual(names);
  });

  test("has only those whose names begin as asked", () => {
    expect(draw(new Deck(["broker-"], createRandom("a")), 2).toSorted()).toEqual([
      "broker-kill",
      "broker-stop",
    ]);
    expect(draw(new Deck(["none"], createRandom("a")), 1)).toEqual(["none"]);
  });
});

test("every fault has a name of its own", () => {
  expect(new Set(faultNames).size).toBe(faultNames.length);
});
