import { join } from "node:path";
import { readRulePack } from "@holdfast/messaging";
import { createFakeClock } from "@holdfast/testkit";
import { expect, test } from "@jest/globals";
import type { PartitionRuleset } from "../store/read-state.ts";
import { createBaseCurrency } from "./base-currency.ts";

test("the currency is that of the pack in force, as soon as there is one", async () => {
  const files = await readRulePack(join(import.meta.dirname, "../../../../rules"));
  const rulesets: PartitionRuleset[] = [];
  let reads = 0;
  const reader = {
    rulesets: async () => {
      reads += 1;
      return rulesets;
    },
    pack: async () => files,
  };
  const baseCurrency = createBaseCurrency(reader, createFakeClock());
  expect(await baseCurrency()).toBeUndefined();
  rulesets.push({ partition: 0, generation: 1, rulesetId: "pack" });
  expect([await baseCurrency(), await baseCurrency()]).toEqual(["USD", "USD"]);
  expect(reads).toBe(2);
});
