import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { silentLogger } from "@holdfast/telemetry";
import { type StartedStack, startStack, testStack, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { AccessRule } from "./access.ts";
import { createKafka, type KafkaClient } from "./kafka.ts";
import { kafkaSecurity } from "./kafka-security.ts";
import { createProducer } from "./producer.ts";
import { tail } from "./tail.ts";
import { createTopicAdmin } from "./topic-admin.ts";

// A broker of its own: docker-compose.yml with compose.sasl.yml on top, as `npm run demo` would start it.
const root = resolve(import.meta.dirname, "../../..");
const rules = JSON.parse(
  readFileSync(join(root, "infra/kafka/generated/access.json"), "utf8"),
) as AccessRule[];
const logger = silentLogger;
let stack: StartedStack;

/** A client of the principal, whose password in the demo is its name. */
function clientOf(principal: string, password = principal): KafkaClient {
  const brokers = testStack(stack.runFile).kafkaBrokers;
  const login = { KAFKA_SASL_USERNAME: principal, KAFKA_SASL_PASSWORD: password };
  return createKafka({ brokers, clientId: principal, logger, ...kafkaSecurity(login) });
}

beforeAll(async () => {
  stack = await startStack({
    name: `access-${process.pid}`,
    only: ["kafka"],
    variables: { COMPOSE_FILE: "docker-compose.yml:compose.sasl.yml" },
  });
  const admin = createTopicAdmin({ kafka: clientOf("operations") });
  const names = rules.flatMap((rule) => (rule.resource === "topic" ? [rule.name] : []));
  const literal = [...new Set(names)].filter((name) => !name.endsWith(".") && !name.endsWith("-"));
  await admin.ensureTopics(literal.map((name) => ({ name, partitions: 1, config: {} })));
  await admin.grant(rules);
  await admin.grant(rules);
  await admin.close();
  // The controller has the rules; the broker's authorizer learns of them a moment later.
  for (const service of services) {
    await waitFor(() => mayWrite(service), { limitMs: 30_000, what: `${service}'s rights` });
  }
}, 120_000);
afterAll(() => stack.stop());

async function write(kafka: KafkaClient, topic: string): Promise<void> {
  const producer = createProducer({ kafka, logger });
  try {
    await producer.send([{ topic, key: "key", value: Buffer.from("value") }]);
  } finally {
    await producer.stop();
  }
}

const mayWrite = (service: string): Promise<boolean> =>
  write(clientOf(service), own(service)[0]?.name ?? "").then(
    () => true,
    () => false,
  );

async function read(kafka: KafkaClient, topic: string): Promise<number> {
  let count = 0;
  const all = tail({ kafka, topics: [topic], from: "beginning", until: "end", logger });
  for await (const _ of all) count += 1;
  return count;
}

const services = ["order", "payment", "inventory", "fraud-scoring", "notification"];
const own = (service: string) =>
  rules.filter(({ principal, resource, operations }) => {
    return principal === service && resource === "topic" && operations.includes("write");
  });

describe.each(services)("%s", (service) => {
  test("writes its own topics", async () => {
    for (const { name } of own(service)) await write(clientOf(service), name);
  });

  test("is refused on those of others", async () => {
    const mine = new Set(own(service).map(({ name }) => name));
    for (const topic of ["orders", "payments", "stock", "fraud-decisions", "fraud-alerts"]) {
      if (mine.has(topic)) continue;
      await expect(write(clientOf(service), topic)).rejects.toThrow(/not authorized/i);
    }
  });
});

test("a service reads what it handles, and nothing else", async () => {
  await write(clientOf("payment"), "payments");
  expect(await read(clientOf("order"), "payments")).toBeGreaterThan(0);
  await expect(read(clientOf("order"), "card-activity")).rejects.toThrow(/not authorized/i);
});

test("a wrong password, and none, get nobody in", async () => {
  await expect(write(clientOf("order", "wrong"), "orders")).rejects.toThrow(/authentication/i);
  const brokers = testStack(stack.runFile).kafkaBrokers;
  const stranger = createKafka({ brokers, clientId: "stranger", logger });
  await expect(write(stranger, "orders")).rejects.toThrow();
});
