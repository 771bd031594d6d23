import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AccessRule } from "@holdfast/messaging";
import type { GeneratedFile } from "./generated-file.ts";
import { parseTopics, type Topic } from "./topics.ts";
import { type Consumption, readConsumptions } from "./wiring.ts";

/** infra/kafka/generated/access.json: who may do what on the brokers, and nothing else. operations grants it. */
export function generateAccess(root: string): GeneratedFile[] {
  const topics = parseTopics(readFileSync(join(root, "infra/kafka/topics.yaml"), "utf8"));
  const databases = JSON.parse(
    readFileSync(join(root, "infra/postgres/databases.json"), "utf8"),
  ) as Database[];
  const rules = accessRules({ topics, databases, consumptions: readConsumptions(root, topics) });
  const lines = rules.map((rule) => `  ${JSON.stringify(rule)}`);
  return [{ path: "infra/kafka/generated/access.json", content: `[\n${lines.join(",\n")}\n]\n` }];
}

interface Database {
  readonly database: string;
  readonly outbox: boolean;
}

/** What the rules follow from. */
export interface AccessSources {
  readonly topics: readonly Topic[];
  readonly databases: readonly Database[];
  readonly consumptions: readonly Consumption[];
}

/** The principal of Kafka Connect's worker; connectors that read an outbox have that of its service. */
const worker = "connect";

/** The principals are the services: each writes its own topics, and reads what it handles. */
export function accessRules({ topics, databases, consumptions }: AccessSources): AccessRule[] {
  const services = new Set(consumptions.map(({ service }) => service));
  return [
    ...topics.map(({ writer, name }) => topic(writer, name, ["write"])),
    ...consumptions.flatMap((consumption) => consuming(consumption)),
    ...[...services].flatMap((service) => [
      group(service, service),
      // Dead letters are read by a group of the moment.
      prefixed(group(service, "tail-")),
    ]),
    ...scoringOnRequest,
    ...databases.filter(({ outbox }) => outbox).map(({ database }) => heartbeat(database)),
    ...capturing(topics, databases),
  ];
}

type Operation = AccessRule["operations"][number];

const topic = (principal: string, name: string, operations: readonly Operation[]): AccessRule => ({
  principal,
  resource: "topic",
  name,
  pattern: "literal",
  operations,
});

const prefixed = (rule: AccessRule): AccessRule => ({ ...rule, pattern: "prefixed" });

const group = (principal: string, name: string): AccessRule => ({
  principal,
  resource: "group",
  name,
  pattern: "literal",
  operations: ["read"],
});

function consuming({ service, topic: name }: Consumption): AccessRule[] {
  return [
    topic(service, name, ["read"]),
    topic(service, `${name}.${service}.dlq`, ["read", "write"]),
    ...(service === scorer ? [topic(service, `${name}.${service}.late`, ["write"])] : []),
  ];
}

/** The only service with a late output. */
const scorer = "fraud-scoring";

/** It puts a payment on the scorer's input, and hears what another instance decides. */
const scoringOnRequest: readonly AccessRule[] = [
  topic(scorer, "card-activity", ["write"]),
  topic(scorer, "fraud-decisions", ["read"]),
];

const heartbeat = (database: string): AccessRule =>
  topic(database, `__debezium-heartbeat.outbox.${database}`, ["write"]);

function capturing(topics: readonly Topic[], databases: readonly Database[]): AccessRule[] {
  const written = new Set(databases.filter(({ outbox }) => outbox).map(({ database }) => database));
  const own = ["read", "write", "create", "describeConfigs"] as const;
  return [
    prefixed(topic(worker, "connect-", own)),
    prefixed(topic(worker, "__debezium-heartbeat.", ["write", "create"])),
    prefixed(topic(worker, "cdc.", ["write", "create"])),
    ...topics
      .filter(({ writer }) => written.has(writer))
      .map(({ name }) => topic(worker, name, ["describe"])),
    group(worker, "holdfast-connect"),
  ];
}
