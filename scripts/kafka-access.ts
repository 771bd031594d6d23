/** The command `npm run kafka:access`: grants what infra/kafka/generated/access.json says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AccessRule, createKafka, createTopicAdmin, kafkaSecurity } from "@holdfast/messaging";
import { silentLogger } from "@holdfast/telemetry";
import { suiteAddresses } from "./command/addresses.ts";
import { runCommand } from "./command/run-command.ts";
import { root } from "./stack/settings.ts";

const HELP = `Gives each service's principal its rights on the brokers, and nothing beyond them:
infra/kafka/generated/access.json. Rights that are there already stay; none is taken away.

  npm run kafka:access

Addresses: KAFKA_BROKERS, else those of the running demo. KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD
name a principal that may alter the cluster; KAFKA_SASL_MECHANISM (scram-sha-512) and KAFKA_SSL say how.
`;

async function grantAll(): Promise<number> {
  const file = join(root, "infra/kafka/generated/access.json");
  const rules = JSON.parse(readFileSync(file, "utf8")) as AccessRule[];
  const brokers = suiteAddresses().kafkaBrokers;
  const login = kafkaSecurity(process.env);
  const kafka = createKafka({ brokers, clientId: "kafka-access", logger: silentLogger, ...login });
  const admin = createTopicAdmin({ kafka });
  try {
    await admin.grant(rules);
  } finally {
    await admin.close();
  }
  const principals = new Set(rules.map(({ principal }) => principal));
  console.log(`${rules.length} rules are granted to ${[...principals].sort().join(", ")}`);
  return 0;
}

await runCommand({ help: HELP, options: {}, run: grantAll });
