/**
 * Turns addresses inside the Compose network into addresses on this machine.
 *
 * A value may name a part as `kafka:9092`; natively that is `127.0.0.1:<native port>`. In the
 * environment of a part itself, an empty or loopback host (`INTERNAL://:9092`) means that part.
 * A pair `X_HOST=kafka`, `X_PORT=9092` is one address in two variables and moves as one.
 */
import type { ComposeService } from "./compose-file.ts";

/** Native port by service name and container port. */
export type PortMap = ReadonlyMap<string, ReadonlyMap<number, number>>;

const loopback = "127.0.0.1";

/** Published ports first, then those that `x-native` adds; every one shifted by `offset`. */
export function nativePorts(services: Iterable<ComposeService>, offset: number): PortMap {
  const map = new Map<string, Map<number, number>>();
  for (const service of services) {
    const ports = new Map<number, number>();
    for (const port of service.ports) ports.set(port.container, port.published + offset);
    for (const [container, native] of Object.entries(service.native?.ports ?? {})) {
      ports.set(Number(container), native + offset);
    }
    map.set(service.name, ports);
  }
  return map;
}

/** Ports at which others than the part itself find it: `postgres:5432=41001,…`, as HOLDFAST_VIA says it. */
export type Detours = ReadonlyMap<string, number>;

/** Throws when the text is not such a list. */
export function parseDetours(text: string): Detours {
  return new Map(
    text
      .split(",")
      .filter((entry) => entry !== "")
      .map((entry) => {
        const [, part, port] = /^([\w-]+:\d+)=(\d+)$/.exec(entry) ?? [];
        if (part === undefined) throw new Error(`HOLDFAST_VIA: cannot read "${entry}"`);
        return [part, Number(port)];
      }),
  );
}

/** The map as `self` shall see it: its own ports as they are, those of others with their detours. */
export function withDetours(ports: PortMap, self: string, detours: Detours): PortMap {
  return new Map(
    [...ports].map(([name, own]) => [
      name,
      name === self
        ? own
        : new Map(
            [...own].map(([port, native]) => [port, detours.get(`${name}:${port}`) ?? native]),
          ),
    ]),
  );
}

/** The environment of `service` as its native process shall see it. */
export function localEnvironment(service: ComposeService, ports: PortMap): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(service.environment)) {
    result[key] = localAddresses(value, service.name, ports);
  }
  moveHostPortPairs(result, ports);
  return result;
}

const address = /(^|[^\w.-])([A-Za-z][\w-]*|127\.0\.0\.1|0\.0\.0\.0|):(\d{2,5})(?!\d)/g;

/** Replaces every `host:port` in `value` that belongs to a part of the map; leaves all else alone. */
export function localAddresses(value: string, self: string, ports: PortMap): string {
  return value.replace(address, (whole: string, ...groups: string[]) => {
    const [before, host = "", port] = groups;
    const own = host === "" || host === "localhost" || host === loopback || host === "0.0.0.0";
    const native = ports.get(own ? self : host)?.get(Number(port));
    return native === undefined ? whole : `${before}${loopback}:${native}`;
  });
}

function moveHostPortPairs(environment: Record<string, string>, ports: PortMap): void {
  for (const [key, host] of Object.entries(environment)) {
    if (!key.endsWith("_HOST")) continue;
    const portKey = key.replace(/_HOST$/, "_PORT");
    const native = ports.get(host)?.get(Number(environment[portKey]));
    if (native === undefined) continue;
    environment[key] = loopback;
    environment[portKey] = String(native);
  }
}
