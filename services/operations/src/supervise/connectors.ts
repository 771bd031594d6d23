import {
  noHistory,
  type RestartHistory,
  type RestartPolicy,
  superviseTask,
  type TaskStatus,
  taskKey,
} from "../domain/connector-supervision.ts";
import { type ConnectClient, type ConnectorStatus, taskStatuses } from "../setup/connect-client.ts";

/** What the supervisor tells: each restart, each surrender, each connector it had to make again. */
export interface SupervisorEvents {
  restarted(status: TaskStatus): void;
  gaveUp(status: TaskStatus, untilMs: number): void;
  recreated(connector: string): void;
}

export interface ConnectorSupervisorOptions {
  readonly client: ConnectClient;
  readonly connectors: readonly string[];
  /** Makes a connector again that Kafka Connect has forgotten. */
  readonly recreate: (connector: string) => Promise<void>;
  readonly clock: { now(): number };
  readonly policy: RestartPolicy;
  readonly events: SupervisorEvents;
}

/** Watches the connectors, one look a tick. */
export interface ConnectorSupervisor {
  /** Looks at every connector once and acts. Rejects when Kafka Connect cannot be asked. */
  tick(): Promise<void>;
  /** What the last tick saw; empty before the first. Kafka Connect that cannot be asked is UNREACHABLE. */
  lastSeen(): readonly ConnectorStatus[];
}

/**
 * A Debezium task that loses Postgres fails and stays failed: restarting it is our work. Remembers
 * past restarts of each task in memory; a restarted supervisor starts with a clean memory.
 */
export function createConnectorSupervisor(
  options: ConnectorSupervisorOptions,
): ConnectorSupervisor {
  const histories = new Map<string, RestartHistory>();
  const surrendered = new Set<string>();
  let seen: readonly ConnectorStatus[] = [];

  const judge = async (status: TaskStatus): Promise<void> => {
    const key = taskKey(status);
    const now = options.clock.now();
    const history = histories.get(key) ?? noHistory;
    const decision = superviseTask(status, history, { now, policy: options.policy });
    histories.set(key, decision.history);
    if (decision.kind === "restart") {
      surrendered.delete(key);
      await options.client.restart(status);
      options.events.restarted(status);
    } else if (decision.kind === "give-up" && !surrendered.has(key)) {
      surrendered.add(key);
      options.events.gaveUp(status, decision.untilMs);
    }
  };

  const look = async (connector: string): Promise<ConnectorStatus> => {
    const status = await options.client.status(connector);
    if (status === undefined) {
      await options.recreate(connector);
      options.events.recreated(connector);
      return { name: connector, state: "UNASSIGNED", tasks: [] };
    }
    for (const task of taskStatuses(status)) await judge(task);
    return status;
  };

  return {
    async tick() {
      try {
        const statuses: ConnectorStatus[] = [];
        for (const connector of options.connectors) statuses.push(await look(connector));
        seen = statuses;
      } catch (error) {
        // What was seen before is no longer known: it would be reported as running for ever.
        seen = options.connectors.map((name) => ({ name, state: "UNREACHABLE", tasks: [] }));
        throw error;
      }
    },
    lastSeen: () => seen,
  };
}
