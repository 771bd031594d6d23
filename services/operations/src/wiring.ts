import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createKafka, createTopicAdmin, kafkaSecurity } from "@holdfast/messaging";
import {
  type Clock,
  type Component,
  component,
  createAuthenticate,
  createHttpServer,
  createUuidV7,
  type Readiness,
  readApiKeys,
} from "@holdfast/service-kit";
import { counter, type Logger, observe, renderMetrics } from "@holdfast/telemetry";
import { reportLineage } from "@holdfast/telemetry/lineage";
import { type Config, kafkaPasswords, rolePasswords } from "./config.ts";
import { connectorJobs, type Servers } from "./domain/connector-lineage.ts";
import { defaultRestartPolicy } from "./domain/connector-supervision.ts";
import { consumerGroups } from "./domain/consumers.ts";
import { type DatabasePlan, planConnectors } from "./domain/plan.ts";
import { routes } from "./http/routes.ts";
import { createConnectClient } from "./setup/connect-client.ts";
import { setUpConnector } from "./setup/connectors.ts";
import { captureRole, databaseUrl, setUpSlot } from "./setup/databases.ts";
import { activateFirstRules } from "./setup/first-rules.ts";
import { planSteps, type SetupParts } from "./setup/plan-steps.ts";
import { createSetup, type Setup } from "./setup/steps.ts";
import { type ConnectorSupervisor, createConnectorSupervisor } from "./supervise/connectors.ts";
import { every } from "./supervise/every.ts";
import { createLagWatch } from "./supervise/lag.ts";
import { type SlotWatch, watchSlots } from "./supervise/slots.ts";
import { createStreamRepair, type StreamRepair } from "./supervise/streams.ts";

const STEP_LIMIT_MS = 120_000;
const RETRY_DELAY_MS = 500;
const LOOKS_PER_LAG_WINDOW = 6;

/** What the process brings from outside. */
export interface Surroundings {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly pause: (ms: number) => Promise<void>;
  /** Folder that holds infra/ and services/. */
  readonly root: string;
}

function setupParts({ config, root, logger, clock }: Surroundings): SetupParts {
  const brokers = config.KAFKA_BROKERS;
  const kafka = createKafka({ brokers, clientId: "operations", logger, ...kafkaSecurity(config) });
  const file = join(root, "infra/postgres/databases.json");
  const databases = JSON.parse(readFileSync(file, "utf8")) as DatabasePlan[];
  const passwords = rolePasswords(config);
  return {
    databases,
    connectors: planConnectors(databases),
    databaseSettings: { adminUrl: config.POSTGRES_ADMIN_URL, root, passwords },
    connectorSettings: {
      root,
      postgresHost: config.CONNECT_POSTGRES_HOST,
      postgresPort: config.CONNECT_POSTGRES_PORT,
      user: captureRole,
      password: config.DEBEZIUM_DB_PASSWORD,
      kafkaPasswords: kafkaPasswords(config),
    },
    topicAdmin: createTopicAdmin({ kafka }),
    registryUrl: config.SCHEMA_REGISTRY_URL,
    connect: createConnectClient(config.CONNECT_URL),
    activateRules: () =>
      activateFirstRules({
        kafka,
        registryUrl: config.SCHEMA_REGISTRY_URL,
        schemaCacheDir: config.SCHEMA_CACHE_DIR,
        scorerDatabaseUrl: databaseUrl(config.POSTGRES_ADMIN_URL, "fraud_scoring"),
        rulesDir: config.RULES_DIR,
        clock,
        ids: createUuidV7(clock),
        logger,
      }),
    seed: config.APP_ENV === "demo",
  };
}

function supervise(parts: SetupParts, { clock, logger }: Surroundings): ConnectorSupervisor {
  const restarts = counter("connector_restarts_total");
  const recoveries = counter("connector_recoveries_total");
  const plans = new Map(parts.connectors.map((plan) => [plan.name, plan]));
  const supervisor = createConnectorSupervisor({
    client: parts.connect,
    connectors: [...plans.keys()],
    recreate: async (name) => {
      const plan = plans.get(name);
      if (plan !== undefined) await setUpConnector(parts.connect, plan, parts.connectorSettings);
    },
    clock,
    policy: defaultRestartPolicy,
    events: {
      restarted: ({ connector, task }) => {
        restarts.add(1, { connector });
        logger.warn({ connector, task }, "A failed connector task was restarted");
      },
      gaveUp: ({ connector, task }, untilMs) => {
        const expiresAt = new Date(untilMs).toISOString();
        logger.error({ connector, task, expiresAt }, "A connector task keeps failing; waiting");
      },
      recreated: (connector) => {
        recoveries.add(1, { connector, action: "recreate" });
        logger.warn({ connector }, "A connector that was gone was made again");
      },
    },
  });
  observe("connector_state", () =>
    supervisor.lastSeen().flatMap(({ name, state, tasks }) =>
      [...tasks.map((task) => task.state), ...(tasks.length === 0 ? [state] : [])].map((seen) => ({
        value: 1,
        labels: { connector: name, state: seen.toLowerCase() },
      })),
    ),
  );
  return supervisor;
}

function repairStreams(
  parts: SetupParts,
  slots: SlotWatch,
  { clock, logger, pause }: Surroundings,
): StreamRepair {
  const recoveries = counter("connector_recoveries_total");
  return createStreamRepair({
    client: parts.connect,
    plans: parts.connectors,
    slots: slots.read,
    makeSlot: (plan) => setUpSlot(parts.databaseSettings, plan),
    dropSlot: slots.drop,
    clock,
    pause,
    events: {
      began: ({ name: connector, slot }, reason) =>
        logger.error({ connector, slot, reason }, "A change stream is broken; it begins anew"),
      done: ({ connector, slot, cause: reason, startedAt, finishedAt }) => {
        recoveries.add(1, { connector, action: "new_slot_and_snapshot" });
        const durationMs = finishedAt - startedAt;
        logger.warn(
          { connector, slot, reason, durationMs },
          "A change stream has a new slot and takes a snapshot of what its table still has",
        );
      },
    },
  });
}

/** As operations reaches them: what others call them may differ. */
function serversOf({ POSTGRES_ADMIN_URL, KAFKA_BROKERS }: Config): Servers {
  return { postgres: new URL(POSTGRES_ADMIN_URL).host, kafka: KAFKA_BROKERS[0] ?? "" };
}

function addChecks(readiness: Readiness, setup: Setup): void {
  readiness.add("setup", () => {
    const open = setup.report().filter((step) => step.state !== "done");
    const [first] = open;
    if (first === undefined) return `${setup.report().length} steps done`;
    throw new Error(`${first.name}: ${first.error ?? first.state}`);
  });
}

/**
 * The components of operations in the order of their start: HTTP first, so that progress can be seen;
 * then the set-up; then the supervision, which goes on until the end.
 */
export function components(surroundings: Surroundings): Component[] {
  const { config, logger, clock, readiness, pause } = surroundings;
  const parts = setupParts(surroundings);
  const setup = createSetup(planSteps(parts), {
    clock,
    logger,
    pause,
    stepLimitMs: STEP_LIMIT_MS,
    retryDelayMs: RETRY_DELAY_MS,
  });
  addChecks(readiness, setup);
  const supervisor = supervise(parts, surroundings);
  const slots = watchSlots(config.POSTGRES_ADMIN_URL);
  const streams = repairStreams(parts, slots, surroundings);
  const lag = createLagWatch({
    admin: parts.topicAdmin,
    groups: consumerGroups,
    clock,
    windowMs: config.LAG_WINDOW_MS,
  });
  const http = createHttpServer({
    service: "operations",
    version: "0.1.0",
    host: config.HOST,
    port: config.PORT,
    routes: routes({
      setup: setup.report,
      connectors: supervisor.lastSeen,
      slots: slots.read,
      recoveries: streams.recoveries,
      lag: lag.read,
    }),
    authenticate: createAuthenticate(readApiKeys(config)),
    readiness,
    renderMetrics,
    logger,
  });
  return [
    component("connections", {
      stop: () => Promise.all([slots.close(), parts.topicAdmin.close()]),
    }),
    http,
    component("set-up", { start: () => setup.run() }),
    // First the streams: a task that is restarted without its slot would make a new one on its own.
    every(() => streams.tick().finally(() => supervisor.tick()), {
      name: "connector supervision",
      intervalMs: config.SUPERVISION_INTERVAL_MS,
      logger,
    }),
    reportLineage({
      destination: { url: config.OPENLINEAGE_URL, file: config.OPENLINEAGE_FILE },
      namespace: config.OPENLINEAGE_NAMESPACE,
      jobs: () => connectorJobs(parts.connectors, supervisor.lastSeen(), serversOf(config)),
      clock,
      ids: createUuidV7(clock),
    }),
    every(() => lag.tick(), {
      name: "consumer lag",
      intervalMs: config.LAG_WINDOW_MS / LOOKS_PER_LAG_WINDOW,
      logger,
    }),
  ];
}
