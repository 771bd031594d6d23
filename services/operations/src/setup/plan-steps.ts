import {
  catalogueTopics,
  deadLetterTopics,
  lateTopics,
  registerSchemas,
  type TopicAdmin,
} from "@holdfast/messaging";
import { consumerGroups } from "../domain/consumers.ts";
import type { ConnectorPlan, DatabasePlan } from "../domain/plan.ts";
import type { ConnectClient } from "./connect-client.ts";
import { type ConnectorSettings, isRunning, setUpConnector } from "./connectors.ts";
import {
  type DatabaseSettings,
  seedDatabase,
  setUpCaptureRole,
  setUpDatabase,
  setUpSlot,
} from "./databases.ts";
import type { Step } from "./steps.ts";

/** Everything that the set-up works on. */
export interface SetupParts {
  readonly databases: readonly DatabasePlan[];
  readonly connectors: readonly ConnectorPlan[];
  readonly databaseSettings: DatabaseSettings;
  readonly connectorSettings: ConnectorSettings;
  readonly topicAdmin: TopicAdmin;
  readonly registryUrl: string;
  readonly connect: ConnectClient;
  /** Puts the shipped rule pack in force when no pack is. */
  readonly activateRules: () => Promise<void>;
  /** Whether the demo's products, stock and customers are wanted. */
  readonly seed: boolean;
}

async function ensureConnectorsRun(parts: SetupParts): Promise<void> {
  for (const plan of parts.connectors) {
    const status = await parts.connect.status(plan.name);
    if (!isRunning(status)) throw new Error(`connector ${plan.name} is not running yet`);
  }
}

function topics(admin: TopicAdmin): Promise<string[]> {
  const deadLetters = Object.entries(consumerGroups).flatMap(([group, names]) =>
    deadLetterTopics(group, names),
  );
  const late = lateTopics("fraud-scoring", ["card-activity"]);
  return admin.ensureTopics([...catalogueTopics(), ...deadLetters, ...late]);
}

/**
 * The set-up in order: slots before the first outbox row, schemas and topics before the first event,
 * the rule pack before the first payment.
 */
export function planSteps(parts: SetupParts): Step[] {
  const { databases, connectors, databaseSettings } = parts;
  const eachDatabase = (work: (plan: DatabasePlan) => Promise<void>) => async () => {
    await Promise.all(databases.map(work));
  };
  return [
    { name: "capture role", run: () => setUpCaptureRole(databaseSettings) },
    { name: "databases", run: eachDatabase((plan) => setUpDatabase(databaseSettings, plan)) },
    {
      name: "replication slots",
      run: async () => {
        for (const plan of connectors) await setUpSlot(databaseSettings, plan);
      },
    },
    { name: "topics", run: () => topics(parts.topicAdmin) },
    { name: "schemas", run: () => registerSchemas(parts.registryUrl) },
    {
      name: "connectors",
      run: () =>
        Promise.all(
          connectors.map((plan) => setUpConnector(parts.connect, plan, parts.connectorSettings)),
        ),
    },
    ...(parts.seed
      ? [{ name: "demo data", run: eachDatabase((plan) => seedDatabase(databaseSettings, plan)) }]
      : []),
    { name: "rule pack", run: parts.activateRules },
    { name: "connectors run", run: () => ensureConnectorsRun(parts) },
  ];
}
