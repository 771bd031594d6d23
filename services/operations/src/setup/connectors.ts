import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectorPlan, fillTemplate } from "../domain/plan.ts";
import type { ConnectClient, ConnectorStatus } from "./connect-client.ts";

/** What every connector needs to reach Postgres as the capture role. */
export interface ConnectorSettings {
  /** Folder that holds infra/. */
  readonly root: string;
  /** Postgres as Kafka Connect sees it, which may differ from how operations sees it. */
  readonly postgresHost: string;
  readonly postgresPort: string;
  readonly user: string;
  readonly password: string;
  /** By database: an outbox is published under the principal of its service, if that has a password. */
  readonly kafkaPasswords?: Readonly<Record<string, string | undefined>>;
}

/** The configuration of one connector: its template with every variable filled in. */
export function connectorConfig(
  plan: ConnectorPlan,
  { root, kafkaPasswords = {}, ...login }: ConnectorSettings,
): Record<string, string> {
  const file = join(root, "infra/connect", plan.template);
  const template = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  const filled = fillTemplate(template, { ...login, ...plan.variables });
  const password = kafkaPasswords[plan.database];
  return plan.template === "outbox.json" && password !== undefined
    ? { ...filled, "producer.override.sasl.jaas.config": scramLogin(plan.database, password) }
    : filled;
}

const scramLogin = (username: string, password: string): string =>
  `org.apache.kafka.common.security.scram.ScramLoginModule required username="${username}" password="${password}";`;

/** Whether the connector and at least one task run, and nothing has failed. */
export function isRunning(status: ConnectorStatus | undefined): boolean {
  return (
    status !== undefined &&
    status.state === "RUNNING" &&
    status.tasks.length > 0 &&
    status.tasks.every((task) => task.state === "RUNNING")
  );
}

/** Creates or updates the connector. Idempotent. */
export async function setUpConnector(
  client: ConnectClient,
  plan: ConnectorPlan,
  settings: ConnectorSettings,
): Promise<void> {
  await client.put(plan.name, connectorConfig(plan, settings));
}
