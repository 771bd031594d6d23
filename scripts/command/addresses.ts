/** Where a command finds the suite that it talks to. */
import { isRunning, readRunFile } from "../stack/run-file.ts";
import { readSettings } from "../stack/settings.ts";
import { type ServiceName, services } from "./services.ts";

/** Addresses of one running suite. */
export interface SuiteAddresses {
  readonly kafkaBrokers: readonly string[];
  readonly schemaRegistryUrl: string;
  readonly postgresAdminUrl: string;
  readonly serviceUrls: Readonly<Record<ServiceName, string>>;
  /** Of further processes of a service that runs in several, as the native run names them: `name-2`. */
  readonly furtherUrls: Readonly<Record<ServiceName, readonly string[]>>;
  /** Undefined when the suite runs with Jaeger. */
  readonly zipkinUrl: string | undefined;
  readonly jaegerUrl: string | undefined;
}

/** The ports that docker-compose.yml publishes. */
const PUBLISHED: Readonly<Record<string, string>> = {
  kafkaBrokers: "127.0.0.1:4011",
  schemaRegistryUrl: "http://127.0.0.1:4013/apis/ccompat/v7",
  postgresAdminUrl: "postgres://postgres:postgres@127.0.0.1:4010/postgres",
  order: "http://127.0.0.1:4001",
  payment: "http://127.0.0.1:4002",
  inventory: "http://127.0.0.1:4003",
  "fraud-scoring": "http://127.0.0.1:4004",
  notification: "http://127.0.0.1:4005",
  operations: "http://127.0.0.1:4006",
};

/**
 * The suite's addresses: an environment variable when it is set, else the native run's when one is
 * up, else the ports that containers publish. Throws when a setting of the run cannot be read.
 */
export function suiteAddresses(environment: NodeJS.ProcessEnv = process.env): SuiteAddresses {
  const run = readRunFile(readSettings(environment).home);
  const native = isRunning(run) ? run.addresses : undefined;
  const find = (variable: string, name: string): string =>
    environment[variable] ?? native?.[name] ?? PUBLISHED[name] ?? "";
  return {
    kafkaBrokers: find("KAFKA_BROKERS", "kafkaBrokers").split(","),
    schemaRegistryUrl: find("SCHEMA_REGISTRY_URL", "schemaRegistryUrl"),
    postgresAdminUrl: find("POSTGRES_ADMIN_URL", "postgresAdminUrl"),
    serviceUrls: ofEach((service) => find(urlVariable(service), service)),
    furtherUrls: ofEach((service) =>
      Object.entries(native ?? {})
        .filter(([name]) => /^-\d+$/.test(name.slice(service.length)) && name.startsWith(service))
        .map(([, url]) => url),
    ),
    zipkinUrl: environment["ZIPKIN_URL"] ?? native?.["zipkinUrl"],
    jaegerUrl: environment["JAEGER_URL"] ?? native?.["jaegerUrl"] ?? "http://127.0.0.1:16686",
  };
}

const ofEach = <T>(value: (service: ServiceName) => T): Readonly<Record<ServiceName, T>> =>
  Object.fromEntries(services.map((service) => [service, value(service)])) as Record<
    ServiceName,
    T
  >;

/** `fraud-scoring` → `FRAUD_SCORING_URL`. */
const urlVariable = (service: ServiceName): string =>
  `${service.toUpperCase().replaceAll("-", "_")}_URL`;
