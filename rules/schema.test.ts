import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ruleKeys, stageKeys } from "@holdfast/cep";
import { expect, test } from "@jest/globals";

test("the JSON Schema for editors knows the keys that the loader knows", () => {
  const schema = JSON.parse(
    readFileSync(join(import.meta.dirname, "rules.schema.json"), "utf8"),
  ) as {
    $defs: {
      rule: { properties: Record<string, unknown> };
      stage: { properties: Record<string, unknown> };
    };
  };
  expect(Object.keys(schema.$defs.rule.properties).sort()).toEqual([...ruleKeys].sort());
  expect(Object.keys(schema.$defs.stage.properties).sort()).toEqual([...stageKeys].sort());
});
