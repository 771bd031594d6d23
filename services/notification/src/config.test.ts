import { ConfigurationError, readEnvironment } from "@holdfast/service-kit";
import { expect, test } from "@jest/globals";
import { configuration } from "./config.ts";

const environment = {
  APP_ENV: "test",
  PORT: "4005",
  KAFKA_BROKERS: "kafka:9092",
  SCHEMA_REGISTRY_URL: "http://registry:8080",
  SCHEMA_CACHE_DIR: "/data/schemas",
  DATABASE_URL: "postgres://notification@postgres/notification",
};
const channelsOf = (value?: string) =>
  readEnvironment(configuration, {
    ...environment,
    ...(value === undefined ? {} : { NOTIFICATION_SINK: value }),
  }).NOTIFICATION_SINK;

test("the log is the channel unless others are named", () => {
  expect(channelsOf()).toEqual(["log"]);
  expect(channelsOf("log")).toEqual(["log"]);
});

test("an unknown channel is refused by name", () => {
  expect(() => channelsOf("log,pigeon")).toThrow(ConfigurationError);
});
