import type { TaskStatus } from "../domain/connector-supervision.ts";

/** What Kafka Connect's REST interface answers about one connector. */
interface ConnectorStatusBody {
  readonly connector: { readonly state: string };
  readonly tasks: readonly {
    readonly id: number;
    readonly state: string;
    readonly trace?: string;
  }[];
}

/** A connector and its tasks, with the first line of each failure. */
export interface ConnectorStatus {
  readonly name: string;
  readonly state: string;
  readonly tasks: readonly { id: number; state: string; error?: string }[];
}

/** The part of Kafka Connect's REST interface that operations uses. Throws on any refusal. */
export interface ConnectClient {
  /** Creates the connector or replaces its configuration. Idempotent. */
  put(name: string, config: Readonly<Record<string, string>>): Promise<void>;
  /** Undefined when there is no such connector. */
  status(name: string): Promise<ConnectorStatus | undefined>;
  /** Restarts one failed task, or the connector itself when `task` is undefined. */
  restart(failed: TaskStatus): Promise<void>;
  /** Ends the connector's tasks and keeps its configuration. Returns before they have ended. */
  stop(name: string): Promise<void>;
  /** Starts a stopped connector again. */
  resume(name: string): Promise<void>;
  /** The position in Postgres' log, in bytes, behind which it would go on; undefined without one. */
  storedPosition(name: string): Promise<number | undefined>;
  /** Makes a stopped connector begin as if it had never run. Idempotent. */
  forgetPosition(name: string): Promise<void>;
}

/** What Kafka Connect answers about the offsets of a Debezium connector. */
interface OffsetsBody {
  readonly offsets: readonly {
    readonly offset: { readonly lsn?: number; readonly lsn_proc?: number };
  }[];
}

const TIMEOUT_MS = 10_000;

class ConnectError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(`Kafka Connect answered ${status}: ${message}`);
    this.name = "ConnectError";
    this.status = status;
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** A client of the worker at `url`. */
export function createConnectClient(url: string): ConnectClient {
  const call = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(new URL(path, url), {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { "content-type": "application/json", accept: "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new ConnectError(response.status, await response.text());
    return response;
  };
  return {
    async put(name, config) {
      await call("PUT", `/connectors/${name}/config`, config);
    },
    async status(name) {
      try {
        const response = await call("GET", `/connectors/${name}/status`);
        const body = (await response.json()) as ConnectorStatusBody;
        const tasks = body.tasks.map(({ id, state, trace }) =>
          trace === undefined ? { id, state } : { id, state, error: firstLine(trace) },
        );
        return { name, state: body.connector.state, tasks };
      } catch (error) {
        if (error instanceof ConnectError && error.status === 404) return undefined;
        throw error;
      }
    },
    async restart({ connector, task }) {
      const path =
        task === undefined
          ? `/connectors/${connector}/restart`
          : `/connectors/${connector}/tasks/${task}/restart`;
      await call("POST", path);
    },
    async stop(name) {
      await call("PUT", `/connectors/${name}/stop`);
    },
    async resume(name) {
      await call("PUT", `/connectors/${name}/resume`);
    },
    async storedPosition(name) {
      const response = await call("GET", `/connectors/${name}/offsets`);
      const { offsets } = (await response.json()) as OffsetsBody;
      const positions = offsets.flatMap(({ offset: { lsn, lsn_proc: processed } }) =>
        [lsn, processed].filter((position) => position !== undefined),
      );
      return positions.length === 0 ? undefined : Math.max(...positions);
    },
    async forgetPosition(name) {
      await call("DELETE", `/connectors/${name}/offsets`);
    },
  };
}

/** The connector itself and each of its tasks, as the supervisor judges them. */
export function taskStatuses(status: ConnectorStatus): TaskStatus[] {
  return [
    { connector: status.name, task: undefined, state: status.state },
    ...status.tasks.map(({ id, state }) => ({ connector: status.name, task: id, state })),
  ];
}
