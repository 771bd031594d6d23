import { expect, test } from "@jest/globals";
import { formatProperties, propertiesFromEnvironment } from "./properties.ts";

test("variables with the prefix become properties, as in the images", () => {
  const properties = propertiesFromEnvironment(
    { KAFKA_LOG_DIRS: "/data", KAFKA_A__B___C: "x", CLUSTER_ID: "id" },
    "KAFKA_",
  );
  expect([...properties]).toEqual([
    ["log.dirs", "/data"],
    ["a_b-c", "x"],
  ]);
});

test("properties are written sorted, their backslashes kept", () => {
  expect(
    formatProperties(
      new Map([
        ["b", "1"],
        ["a", "C:\\x"],
      ]),
    ),
  ).toBe("a=C:\\\\x\nb=1\n");
});
