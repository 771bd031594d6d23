import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { invariants } from "../invariants/check.ts";
import { crashPointReplacements } from "./crash-points.ts";
import { plantInto, plants } from "./plants.ts";

const root = resolve(import.meta.dirname, "../../../..");

const crashPoints = { name: "the set of crash points", replacements: crashPointReplacements };

describe("a bug", () => {
  test.each([...plants, crashPoints])(
    "$name still has its place in the source",
    ({ replacements }) => {
      for (const [file, some] of Map.groupBy(replacements, (one) => one.file)) {
        const source = readFileSync(join(root, file), "utf8");
        expect(plantInto(source, some)).not.toBe(source);
      }
    },
  );

  test.each(plants)("$name is seen by an invariant that there is", ({ seenBy }) => {
    const names = invariants.map(({ name }) => name);
    expect(seenBy.length).toBeGreaterThan(0);
    expect(names).toEqual(expect.arrayContaining([...seenBy]));
  });
});

test("a place that is gone or ambiguous is not planted in", () => {
  const replacement = { file: "a.ts", find: "x", replace: "y" };
  expect(() => plantInto("abc", [replacement])).toThrow("a.ts has 0 places");
  expect(() => plantInto("x x", [replacement])).toThrow("a.ts has 2 places");
});
