/**
 * From docker-compose.yml to the processes of a native run: which parts, with which environment,
 * ports, folders and health probe, and what each waits for. Pure.
 */
import { join } from "node:path";
import {
  type Detours,
  localEnvironment,
  nativePorts,
  type PortMap,
  withDetours,
} from "./addresses.ts";
import type { ComposeFile, ComposeService, Condition, LauncherName } from "./compose-file.ts";
import { type Probe, probeOf } from "./probe.ts";

/** The container path of the project inside its own image. */
export const imageRoot = "/app";

export type TraceStore = "jaeger" | "zipkin";

export interface NativePart {
  readonly name: string;
  readonly launcher: LauncherName;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Native port by container port. */
  readonly ports: ReadonlyMap<number, number>;
  readonly cwd: string;
  readonly dataDir: string;
  readonly logFile: string;
  /** Folders of this machine that the container would have mounted, by container path. */
  readonly mounts: ReadonlyMap<string, string>;
  readonly dependsOn: Readonly<Record<string, Condition>>;
  readonly probe: Probe | null;
  readonly restart: boolean;
  /** It does its work and ends; whoever waits for it waits for that. */
  readonly runsToEnd: boolean;
  readonly stopGraceMs: number;
}

export interface PlanOptions {
  readonly root: string;
  /** Where data, logs and the run file of this run lie. */
  readonly home: string;
  readonly portOffset: number;
  readonly traceStore: TraceStore;
  /** Names of parts; what they depend on is added. Null for every part. */
  readonly only: readonly string[] | null;
  /** Where parts find each other, if not at their own ports; none by default. */
  readonly detours?: Detours;
}

/** Parts in an order in which each comes after all that it waits for. Throws on a cycle or an unknown name. */
export function planNative(file: ComposeFile, options: PlanOptions): NativePart[] {
  const runnable = [...file.services.values()].filter((s) => s.native && s.profiles.length === 0);
  const ports = nativePorts(file.services.values(), options.portOffset);
  const wanted = closure(file, options.only ?? runnable.map((s) => s.name));
  return inDependencyOrder(runnable.filter((s) => wanted.has(s.name))).map((service) =>
    toPart(service, ports, options),
  );
}

function closure(file: ComposeFile, names: readonly string[]): Set<string> {
  const wanted = new Set<string>();
  const add = (name: string) => {
    const service = file.services.get(name);
    if (!service) throw new Error(`docker-compose.yml has no service "${name}"`);
    if (wanted.has(name)) return;
    wanted.add(name);
    Object.keys(service.dependsOn).forEach(add);
  };
  names.forEach(add);
  return wanted;
}

function inDependencyOrder(services: readonly ComposeService[]): ComposeService[] {
  const ordered: ComposeService[] = [];
  const left = new Set(services);
  while (left.size > 0) {
    const free = [...left].filter((s) => ![...left].some((other) => other.name in s.dependsOn));
    if (free.length === 0) {
      throw new Error(`depends_on runs in a circle: ${[...left].map((s) => s.name).join(", ")}`);
    }
    for (const service of free) left.delete(service);
    ordered.push(...free);
  }
  return ordered;
}

function toPart(service: ComposeService, ports: PortMap, options: PlanOptions): NativePart {
  const dataDir = join(options.home, "data", service.name);
  const mounts = localMounts(service, dataDir, options.root);
  const local = (value: string) => localPath(value, mounts, options.root);
  const seen = withDetours(ports, service.name, options.detours ?? new Map());
  const environment = localEnvironment(service, seen);
  for (const [key, value] of Object.entries(environment)) environment[key] = local(value);
  if (sendsToOurStore(service)) applyTraceStore(environment, ports, options.traceStore);
  const launcher = service.native?.run ?? "node";
  return {
    name: service.name,
    launcher,
    command: service.command,
    environment: launcher === "node" ? listenLocally(service, environment, ports) : environment,
    ports: usedPorts(service, ports, options.traceStore),
    cwd: local(service.workingDir ?? imageRoot),
    dataDir,
    logFile: join(options.home, "logs", `${service.name}.log`),
    mounts,
    dependsOn: service.dependsOn,
    probe:
      launcher === "traces"
        ? traceProbe(service, ports, options.traceStore)
        : probeOf(service, ports),
    restart: service.restart !== "no",
    runsToEnd: service.restart === "no",
    stopGraceMs: service.stopGraceMs,
  };
}

function usedPorts(
  service: ComposeService,
  ports: PortMap,
  store: TraceStore,
): ReadonlyMap<number, number> {
  const all = ports.get(service.name) ?? new Map<number, number>();
  if (service.native?.run !== "traces") return all;
  return new Map([...all].filter(([port]) => (port === 9411) === (store === "zipkin")));
}

function localMounts(service: ComposeService, dataDir: string, root: string): Map<string, string> {
  return new Map(
    service.mounts.map(({ source, target }) => [
      target,
      source.startsWith("./") ? join(root, source) : dataDir,
    ]),
  );
}

function localPath(value: string, mounts: ReadonlyMap<string, string>, root: string): string {
  for (const [target, local] of [...mounts, [imageRoot, root] as const]) {
    if (value === target) return local;
    if (value.startsWith(`${target}/`)) return join(local, value.slice(target.length + 1));
  }
  return value;
}

/** A service of ours listens on the loopback address alone, at its shifted port. */
function listenLocally(
  service: ComposeService,
  environment: Record<string, string>,
  ports: PortMap,
): Record<string, string> {
  const native = ports.get(service.name)?.get(Number(environment["PORT"]));
  return native === undefined
    ? environment
    : { ...environment, HOST: "127.0.0.1", PORT: String(native) };
}

/** A collector of somebody else's is none of our business. */
const sendsToOurStore = ({ environment }: ComposeService): boolean =>
  environment["OTEL_EXPORTER_OTLP_ENDPOINT"]?.startsWith("http://jaeger:") ?? false;

/** Zipkin stands in for Jaeger where no `jaeger` program is at hand; it has no OTLP, so the exporter changes too. */
function applyTraceStore(
  environment: Record<string, string>,
  ports: PortMap,
  store: TraceStore,
): void {
  if (store !== "zipkin" || environment["OTEL_TRACES_EXPORTER"] !== "otlp") return;
  delete environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  environment["OTEL_TRACES_EXPORTER"] = "zipkin";
  environment["OTEL_EXPORTER_ZIPKIN_ENDPOINT"] =
    `http://127.0.0.1:${ports.get("jaeger")?.get(9411)}/api/v2/spans`;
}

function traceProbe(service: ComposeService, ports: PortMap, store: TraceStore): Probe {
  const own = ports.get(service.name);
  return store === "zipkin"
    ? { kind: "http", url: `http://127.0.0.1:${own?.get(9411)}/health` }
    : { kind: "http", url: `http://127.0.0.1:${own?.get(16686)}/` };
}
