import { describe, expect, test } from "@jest/globals";
import { kafkaSecurity } from "./kafka-security.ts";

const login = { KAFKA_SASL_USERNAME: "order", KAFKA_SASL_PASSWORD: "secret" };
const named = { username: "order", password: "secret" };

describe("the environment means", () => {
  test.each([
    ["neither TLS nor SASL when it is silent", {}, {}],
    ["nothing by empty variables", { KAFKA_SASL_USERNAME: "", KAFKA_SASL_PASSWORD: "" }, {}],
    ["TLS", { KAFKA_SSL: "true" }, { ssl: true }],
    ["SCRAM-SHA-512 by a login alone", login, { sasl: { mechanism: "scram-sha-512", ...named } }],
    [
      "another mechanism, in capitals too",
      { ...login, KAFKA_SASL_MECHANISM: "PLAIN", KAFKA_SSL: "true" },
      { ssl: true, sasl: { mechanism: "plain", ...named } },
    ],
  ])("%s", (_, variables, options) => {
    expect(kafkaSecurity(variables)).toEqual(options);
  });
});

test.each([
  [
    "a login without a password",
    { KAFKA_SASL_USERNAME: "order" },
    "KAFKA_SASL_PASSWORD is missing",
  ],
  ["a password without a login", { KAFKA_SASL_PASSWORD: "x" }, "KAFKA_SASL_USERNAME is missing"],
  ["an unknown mechanism", { ...login, KAFKA_SASL_MECHANISM: "md5" }, "must be one of"],
])("%s is refused", (_, variables, message) => {
  expect(() => kafkaSecurity(variables)).toThrow(message);
});
