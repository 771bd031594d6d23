/**
 * The real Postgres, Kafka, Connect, registry and services that a test run has at hand, as the
 * run file of the native stack describes them. HOLDFAST_TEST_STACK holds that file's path.
 */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";

const processRef = z.object({ pid: z.number(), began: z.string() });

const runFile = z.object({
  state: z.enum(["starting", "ready", "stopping"]),
  control: z.string(),
  addresses: z.record(z.string(), z.string()),
  parts: z.record(
    z.string(),
    z.object({ state: z.string(), process: processRef.nullable(), log: z.string() }),
  ),
});

/** The parts of docker-compose.yml. */
export const partNames = [
  "postgres",
  "kafka",
  "connect",
  "registry",
  "jaeger",
  "operations",
  "order",
  "payment",
  "inventory",
  "fraud-scoring",
  "notification",
  "payment-provider",
] as const;

export type PartName = (typeof partNames)[number];

export type ControlSignal = "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGUSR2";

/** The addresses throw when their part does not run. */
export interface TestStack {
  /** The superuser, on the database postgres. */
  readonly postgresAdminUrl: string;
  readonly kafkaBrokers: readonly string[];
  readonly connectUrl: string;
  readonly schemaRegistryUrl: string;
  /** Base address of any part that speaks HTTP, such as "order" or "zipkinUrl". */
  address(name: string): string;
  readonly control: StackControl;
}

/** Power over the processes of the stack, for tests of what happens when one fails. */
export interface StackControl {
  /** The pid of the part's process now; null while it is down. */
  pid(part: PartName): number | null;
  /** Where the part writes its log. */
  log(part: PartName): string;
  /** Sends a signal. A part that ends by it is restarted, as an orchestrator would, after half a second. */
  signal(part: PartName, signal: ControlSignal): Promise<void>;
  /** Ends the process and holds the part down until start(). */
  stop(part: PartName, signal?: ControlSignal): Promise<void>;
  /** Resolves once the part is healthy again. */
  start(part: PartName): Promise<void>;
}

const variable = "HOLDFAST_TEST_STACK";

/** The stack of this test run. Throws, with the cure, when none was started. */
export function testStack(path = process.env[variable]): TestStack {
  if (!path) {
    throw new Error(
      `${variable} is not set: run these tests by the jest project that starts the stack`,
    );
  }
  const { addresses, control } = readRun(path);
  const address = (name: string) => {
    const found = addresses[name];
    if (found === undefined) throw new Error(`${name} does not run in the stack of ${path}`);
    return found;
  };
  return {
    get postgresAdminUrl() {
      return address("postgresAdminUrl");
    },
    get kafkaBrokers() {
      return address("kafkaBrokers").split(",");
    },
    get connectUrl() {
      return address("connectUrl");
    },
    get schemaRegistryUrl() {
      return address("schemaRegistryUrl");
    },
    address,
    control: stackControl(path, control),
  };
}

function readRun(path: string): z.infer<typeof runFile> {
  return runFile.parse(JSON.parse(readFileSync(path, "utf8")));
}

function stackControl(path: string, socketPath: string): StackControl {
  const part = (name: PartName) => {
    const found = readRun(path).parts[name];
    if (!found) throw new Error(`${name} does not run in the stack of ${path}`);
    return found;
  };
  const send = (name: PartName, verb: string, signal?: ControlSignal) =>
    sendOrder(socketPath, `/parts/${name}/${verb}`, signal ? { signal } : {});
  return {
    pid: (name) => part(name).process?.pid ?? null,
    log: (name) => part(name).log,
    signal: (name, signal) => send(name, "signal", signal),
    stop: (name, signal) => send(name, "stop", signal),
    start: (name) => send(name, "start"),
  };
}

function sendOrder(socketPath: string, path: string, body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: "POST" }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 204) resolve();
        else reject(new Error(`${path}: ${answer}`));
      }, reject);
    });
    sent.once("error", reject);
    sent.end(JSON.stringify(body));
  });
}
