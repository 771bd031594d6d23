import { describe, expect, test } from "@jest/globals";
import { breakOf, type StreamSight } from "./stream-health.ts";

const well: StreamSight = {
  connector: "RUNNING",
  failed: false,
  slot: { walStatus: "reserved", restartPosition: 100 },
  storedPosition: 200,
};

describe("a change stream", () => {
  test.each<[string, Partial<StreamSight>, ReturnType<typeof breakOf>]>([
    ["that runs is left alone", {}, undefined],
    ["whose task failed needs a restart alone", { failed: true }, undefined],
    ["that a person stopped is left alone", { connector: "STOPPED" }, undefined],
    ["that has stored nothing yet is left alone", { storedPosition: undefined }, undefined],
    ["without its slot is broken", { slot: undefined }, "slot_missing"],
    [
      "whose slot lost its log is broken",
      { slot: { walStatus: "lost", restartPosition: 100 } },
      "slot_lost",
    ],
    [
      "whose slot begins behind its position is broken",
      { failed: true, storedPosition: 50 },
      "position_gone",
    ],
    ["that runs ahead of what it has stored is not broken", { storedPosition: 50 }, undefined],
    [
      "whose repair was interrupted is repaired again",
      { connector: "STOPPED", storedPosition: undefined },
      "repair_interrupted",
    ],
  ])("%s", (_sentence, change, expected) => {
    expect(breakOf({ ...well, ...change })).toBe(expected);
  });
});
