/** Addresses of a run that its users ask for by name. */
import { nativePort } from "./launchers/launch.ts";
import type { NativePart, TraceStore } from "./plan.ts";

type Addresses = Readonly<Record<string, string>>;

/** Names are stable; a part that does not run has no address. */
export function addressesOf(parts: readonly NativePart[], store: TraceStore): Addresses {
  return Object.assign({}, ...parts.map((part) => ofPart(part, store)));
}

function ofPart(part: NativePart, store: TraceStore): Addresses {
  const at = (container: number) => `127.0.0.1:${nativePort(part, container)}`;
  switch (part.launcher) {
    case "postgres":
      return { postgresAdminUrl: `postgres://${login(part)}@${at(5432)}/postgres` };
    case "kafka":
      return { kafkaBrokers: at(4011) };
    case "connect":
      return { connectUrl: `http://${at(8083)}` };
    case "registry":
      return { schemaRegistryUrl: `http://${at(8080)}/apis/ccompat/v7` };
    case "traces":
      return store === "zipkin"
        ? { zipkinUrl: `http://${at(9411)}` }
        : { jaegerUrl: `http://${at(16686)}` };
    case "node":
      return { [part.name]: `http://127.0.0.1:${part.environment["PORT"]}` };
  }
}

function login(part: NativePart): string {
  return `${part.environment["POSTGRES_USER"]}:${part.environment["POSTGRES_PASSWORD"]}`;
}
