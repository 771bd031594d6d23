import { describe, expect, test } from "@jest/globals";
import {
  localAddresses,
  localEnvironment,
  nativePorts,
  parseDetours,
  withDetours,
} from "./addresses.ts";
import { parseComposeFile } from "./compose-file.ts";

const file = parseComposeFile(
  `
services:
  kafka:
    image: kafka:1
    ports: ["127.0.0.1:4011:4011"]
    x-native: { run: kafka, ports: { 9092: 4014 } }
  postgres:
    image: postgres:17
    ports: ["127.0.0.1:4010:5432"]
  operations:
    image: own:1
    environment: { CONNECT_POSTGRES_HOST: postgres, CONNECT_POSTGRES_PORT: "5432", HOST: 0.0.0.0, PORT: "4006" }
`,
  {},
);
const ports = nativePorts(file.services.values(), 100);

describe("an address in a value", () => {
  test.each([
    ["kafka:9092", "127.0.0.1:4114"],
    ["kafka:9092,other:9092", "127.0.0.1:4114,other:9092"],
    [
      "postgres://user:postgres@postgres:5432/postgres",
      "postgres://user:postgres@127.0.0.1:4110/postgres",
    ],
    ["jdbc:postgresql://postgres:5432/registry", "jdbc:postgresql://127.0.0.1:4110/registry"],
    ["INTERNAL://:9092,HOST://:4011", "INTERNAL://127.0.0.1:4114,HOST://127.0.0.1:4111"],
    [
      "INTERNAL://kafka:9092,HOST://127.0.0.1:4011",
      "INTERNAL://127.0.0.1:4114,HOST://127.0.0.1:4111",
    ],
    ["1@kafka:9092", "1@127.0.0.1:4114"],
    ["http://127.0.0.1:9999/health", "http://127.0.0.1:9999/health"],
    ["not-kafka:9092", "not-kafka:9092"],
    ["kafka:90921", "kafka:90921"],
    ["10:30", "10:30"],
  ])("%s becomes %s", (value, expected) => {
    expect(localAddresses(value, "kafka", ports)).toBe(expected);
  });
});

test("a pair of host and port variables moves as one, a lone HOST stays", () => {
  const operations = file.services.get("operations");
  if (!operations) throw new Error("no operations");
  expect(localEnvironment(operations, ports)).toEqual({
    CONNECT_POSTGRES_HOST: "127.0.0.1",
    CONNECT_POSTGRES_PORT: "4110",
    HOST: "0.0.0.0",
    PORT: "4006",
  });
});

describe("detours", () => {
  const ports = new Map([
    ["postgres", new Map([[5432, 4010]])],
    ["order", new Map([[4001, 4001]])],
  ]);

  test("lead others to a part, and leave the part where it is", () => {
    const detours = parseDetours("postgres:5432=41001");
    expect(withDetours(ports, "order", detours).get("postgres")?.get(5432)).toBe(41001);
    expect(withDetours(ports, "postgres", detours).get("postgres")?.get(5432)).toBe(4010);
  });

  test("that cannot be read are refused", () => {
    expect(() => parseDetours("postgres=41001")).toThrow("HOLDFAST_VIA");
  });
});
