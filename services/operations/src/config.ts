import { fileURLToPath } from "node:url";
import { httpVariables, kafkaVariables, lineageVariables, variable } from "@holdfast/service-kit";
import { z } from "zod";

/** The environment of operations; services/operations/README.md explains each variable. */
export const environment = z.object({
  ...httpVariables,
  ...kafkaVariables,
  ...lineageVariables,
  POSTGRES_ADMIN_URL: variable.url(),
  ORDER_DB_PASSWORD: variable.text(),
  PAYMENT_DB_PASSWORD: variable.text(),
  INVENTORY_DB_PASSWORD: variable.text(),
  FRAUD_SCORING_DB_PASSWORD: variable.text(),
  NOTIFICATION_DB_PASSWORD: variable.text(),
  DEBEZIUM_DB_PASSWORD: variable.text(),
  /** Where brokers ask for a login: the principals under which connectors publish the outboxes. */
  ORDER_KAFKA_PASSWORD: variable.text().optional(),
  PAYMENT_KAFKA_PASSWORD: variable.text().optional(),
  INVENTORY_KAFKA_PASSWORD: variable.text().optional(),
  CONNECT_URL: variable.url(),
  CONNECT_POSTGRES_HOST: variable.text(),
  CONNECT_POSTGRES_PORT: variable.text(),
  /** The rule pack that is put in force when none is. */
  RULES_DIR: variable.text().default(fileURLToPath(new URL("../../../rules", import.meta.url))),
  SUPERVISION_INTERVAL_MS: variable.durationMs().default(1_000),
  /** How long a consumer group must lag, hang or be gone to be called so. */
  LAG_WINDOW_MS: variable.durationMs().default(30_000),
});

export type Config = z.output<typeof environment>;

/** The Kafka password of each service with an outbox, by its database; undefined where brokers ask for none. */
export function kafkaPasswords(config: Config): Readonly<Record<string, string | undefined>> {
  return {
    order: config.ORDER_KAFKA_PASSWORD,
    payment: config.PAYMENT_KAFKA_PASSWORD,
    inventory: config.INVENTORY_KAFKA_PASSWORD,
  };
}

/** The password of each role, by the role's name. */
export function rolePasswords(config: Config): Readonly<Record<string, string>> {
  return {
    order: config.ORDER_DB_PASSWORD,
    payment: config.PAYMENT_DB_PASSWORD,
    inventory: config.INVENTORY_DB_PASSWORD,
    fraud_scoring: config.FRAUD_SCORING_DB_PASSWORD,
    notification: config.NOTIFICATION_DB_PASSWORD,
    debezium: config.DEBEZIUM_DB_PASSWORD,
  };
}
