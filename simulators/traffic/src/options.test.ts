import { describe, expect, test } from "@jest/globals";
import { parseOptions, UsageError } from "./options.ts";

const defaults = {
  orderUrl: "http://order",
  paymentUrl: "http://payment",
  inventoryUrl: "http://inventory",
  kafkaBrokers: ["kafka:1"],
  schemaRegistryUrl: "http://registry",
  seed: "random",
  apiKey: "demo-shop",
};
const parse = (...args: string[]) => parseOptions(args, defaults);

describe("the command line", () => {
  test("may be empty", () => {
    expect(parse()).toEqual({
      ...defaults,
      rate: 5,
      minutes: 1,
      maxOutstanding: 200,
      settleSeconds: 20,
      watchAlerts: true,
      json: false,
    });
  });

  test("sets everything", () => {
    const args = "--rate 20 --minutes 0.5 --seed 7 --json --no-alerts --settle 5 --kafka a:1,b:2";
    expect(parse(...args.split(" "))).toMatchObject({
      rate: 20,
      minutes: 0.5,
      seed: "7",
      json: true,
      watchAlerts: false,
      settleSeconds: 5,
      kafkaBrokers: ["a:1", "b:2"],
    });
  });

  test("asks for help", () => {
    expect(parse("--help", "--rate", "5")).toBeUndefined();
  });

  test.each([["--rate", "0"], ["--rate", "fast"], ["--minutes", "-1"], ["--unknown"], ["word"]])(
    "%s %s is refused",
    (...args) => {
      expect(() => parse(...args)).toThrow(UsageError);
    },
  );
});
