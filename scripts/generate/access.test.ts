import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AccessRule } from "@holdfast/messaging";
import { describe, expect, test } from "@jest/globals";
import { generateAccess } from "./access.ts";
import { parseTopics } from "./topics.ts";

const root = join(import.meta.dirname, "../..");
const rules = JSON.parse(generateAccess(root)[0]?.content ?? "") as AccessRule[];
const topics = parseTopics(readFileSync(join(root, "infra/kafka/topics.yaml"), "utf8"));

const who = (topic: string, operation: AccessRule["operations"][number]) =>
  rules
    .filter(({ resource, name, pattern, operations }) => {
      const fits = pattern === "literal" ? name === topic : topic.startsWith(name);
      return resource === "topic" && fits && operations.includes(operation);
    })
    .map(({ principal }) => principal);

describe.each(topics)("$name", ({ name, writer }) => {
  test("is written by its writer alone, and made by nobody but operations", () => {
    // The scorer's interface for payment services of others writes their payments.
    const alsoFromOthers = name === "card-activity" ? ["fraud-scoring"] : [];
    expect(who(name, "write")).toEqual([writer, ...alsoFromOthers]);
    expect(who(name, "create")).toEqual([]);
  });
});

test("a service's dead letters are its own", () => {
  expect(who("orders.payment.dlq", "write")).toEqual(["payment"]);
  expect(who("orders.payment.dlq", "read")).toEqual(["payment"]);
});

test("nobody is granted everything", () => {
  const names = rules.map(({ name }) => name);
  expect(names).not.toContain("*");
  expect(names).not.toContain("");
});
