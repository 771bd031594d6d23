import { topics } from "@holdfast/contracts";
import type { JobState, LineageDataset } from "@holdfast/telemetry/lineage";
import type { ConnectorPlan } from "./plan.ts";

/** A connector as Kafka Connect reports it. */
export interface SeenConnector {
  readonly name: string;
  readonly state: string;
  readonly tasks: readonly { readonly state: string; readonly error?: string }[];
}

/** Where the datasets lie. */
export interface Servers {
  /** host:port. */
  readonly postgres: string;
  /** host:port of the first broker. */
  readonly kafka: string;
}

/** The jobs of connectors that were seen: an outbox or tables → topics, and how each does. */
export function connectorJobs(
  plans: readonly ConnectorPlan[],
  seen: readonly SeenConnector[],
  servers: Servers,
): JobState[] {
  return plans.flatMap((plan) => {
    const status = seen.find(({ name }) => name === plan.name);
    if (status === undefined) return [];
    const tables = tablesOf(plan);
    const job = {
      name: plan.name,
      integration: "DEBEZIUM",
      inputs: tables.map((table): LineageDataset => {
        return { namespace: `postgres://${servers.postgres}`, name: `${plan.database}.${table}` };
      }),
      outputs: outputsOf(plan, tables).map((topic): LineageDataset => {
        return { namespace: `kafka://${servers.kafka}`, name: topic };
      }),
    };
    return [{ job, ...conditionOf(status) }];
  });
}

function tablesOf({ variables }: ConnectorPlan): string[] {
  return variables["tables"]?.split(",") ?? ["public.outbox"];
}

function outputsOf({ database, template }: ConnectorPlan, tables: readonly string[]): string[] {
  if (template === "cdc.json") return tables.map((table) => `cdc.${table}`);
  return Object.values(topics)
    .filter(({ writer }) => writer === database)
    .map(({ name }) => name);
}

function conditionOf({ state, tasks }: SeenConnector): Pick<JobState, "state" | "error"> {
  const all = [{ state }, ...tasks] as readonly { state: string; error?: string }[];
  const failed = all.find((one) => one.state === "FAILED");
  if (failed !== undefined) return { state: "failed", error: failed.error ?? "no reason given" };
  const runs = tasks.length > 0 && all.every((one) => one.state === "RUNNING");
  return { state: runs ? "running" : "away" };
}
