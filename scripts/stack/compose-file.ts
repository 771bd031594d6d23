/**
 * Reads docker-compose.yml into typed services.
 *
 * Only what the project's own file uses is understood; anything else in it is left to Docker.
 * Variables are resolved as Compose does: `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
 * `${NAME:?message}` and `$$` for a dollar sign.
 */
import { parse } from "yaml";
import { z } from "zod";

export type Variables = Readonly<Record<string, string | undefined>>;

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface PublishedPort {
  readonly host: string;
  readonly published: number;
  readonly container: number;
}

export interface Mount {
  /** A volume's name, or a path that begins with `./`. */
  readonly source: string;
  readonly target: string;
}

/** What the native run cannot derive from the rest of a service. */
export interface NativeBlock {
  readonly run: LauncherName;
  /** Native ports of container ports that the file does not publish. */
  readonly ports: Readonly<Record<number, number>>;
  /** How many processes of the service run. */
  readonly instances: number;
}

const launcherNames = ["postgres", "kafka", "connect", "registry", "traces", "node"] as const;
export type LauncherName = (typeof launcherNames)[number];

export interface ComposeService {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly workingDir: string | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
  readonly mounts: readonly Mount[];
  readonly dependsOn: Readonly<Record<string, Condition>>;
  /** The health check's command as one line; null when the service has none. */
  readonly healthTest: string | null;
  readonly profiles: readonly string[];
  readonly restart: string;
  readonly stopGraceMs: number;
  readonly native: NativeBlock | null;
}

export interface ComposeFile {
  readonly services: ReadonlyMap<string, ComposeService>;
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const words = z.union([z.string(), z.array(z.string())]);
const condition = z.enum(["service_started", "service_healthy", "service_completed_successfully"]);

const serviceShape = z.object({
  image: z.string(),
  command: words.optional(),
  working_dir: z.string().optional(),
  environment: z.record(z.string(), scalar).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition })).default({}),
  healthcheck: z.object({ test: words }).optional(),
  profiles: z.array(z.string()).default([]),
  restart: z.string().default("no"),
  stop_grace_period: z.string().default("10s"),
  "x-native": z
    .object({
      run: z.enum(launcherNames),
      ports: z.record(z.coerce.number(), z.number()).default({}),
      instances: z.coerce.number().int().min(1).max(9).default(1),
    })
    .optional(),
});

const fileShape = z.object({ services: z.record(z.string(), serviceShape) });

/**
 * Reads one file, or several as Compose does: a later one adds to the earlier, mappings entry by entry.
 * Throws an Error that names the first place where the text is not what the project's file may be.
 */
export function parseComposeFile(
  text: string | readonly string[],
  variables: Variables,
): ComposeFile {
  const read = [text].flat().map((one) => parse(interpolate(one, variables), { merge: true }));
  const parsed = fileShape.safeParse(read.reduce(merged));
  if (!parsed.success) throw new Error(`docker-compose.yml: ${z.prettifyError(parsed.error)}`);
  const services = new Map<string, ComposeService>();
  for (const [name, shape] of Object.entries(parsed.data.services)) {
    for (const service of instancesOf(toService(name, shape))) services.set(service.name, service);
  }
  return { services };
}

function merged(base: unknown, added: unknown): unknown {
  if (!isMapping(base) || !isMapping(added)) return added ?? base;
  const result = { ...base };
  for (const [key, value] of Object.entries(added)) result[key] = merged(result[key], value);
  return result;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function toService(name: string, shape: z.infer<typeof serviceShape>): ComposeService {
  return {
    name,
    image: shape.image,
    command: toWords(shape.command),
    workingDir: shape.working_dir ?? null,
    environment: Object.fromEntries(
      Object.entries(shape.environment).map(([key, value]) => [key, String(value ?? "")]),
    ),
    ports: shape.ports.map(parsePort),
    mounts: shape.volumes.map(parseMount),
    dependsOn: Object.fromEntries(
      Object.entries(shape.depends_on).map(([other, { condition }]) => [other, condition]),
    ),
    healthTest: shape.healthcheck ? healthCommand(shape.healthcheck.test) : null,
    profiles: shape.profiles,
    restart: shape.restart,
    stopGraceMs: parseSeconds(shape.stop_grace_period),
    native: shape["x-native"] ?? null,
  };
}

const portsBetweenInstances = 100;

/** The service, and its further instances as parts of their own: `name-2`, on ports a hundred higher. */
function instancesOf(service: ComposeService): ComposeService[] {
  const count = service.native?.instances ?? 1;
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return service;
    const ports = service.ports.map((port) => ({
      ...port,
      published: port.published + index * portsBetweenInstances,
    }));
    return { ...service, name: `${service.name}-${index + 1}`, ports };
  });
}

function toWords(command: string | string[] | undefined): string[] {
  if (command === undefined) return [];
  return typeof command === "string" ? command.split(/\s+/) : command;
}

function healthCommand(test: string | string[]): string {
  const line = toWords(test);
  return (line[0] === "CMD" || line[0] === "CMD-SHELL" ? line.slice(1) : line).join(" ");
}

function parsePort(text: string): PublishedPort {
  const match = /^(?:([\d.]+):)?(\d+):(\d+)$/.exec(text);
  if (!match) throw new Error(`docker-compose.yml: cannot read the port "${text}"`);
  return {
    host: match[1] ?? "0.0.0.0",
    published: Number(match[2]),
    container: Number(match[3]),
  };
}

function parseMount(text: string): Mount {
  const [source, target] = text.split(":");
  if (!source || !target) throw new Error(`docker-compose.yml: cannot read the volume "${text}"`);
  return { source, target };
}

function parseSeconds(text: string): number {
  const match = /^(\d+)s$/.exec(text);
  if (!match)
    throw new Error(`docker-compose.yml: a duration must be whole seconds, not "${text}"`);
  return Number(match[1]) * 1000;
}

const variable = /\$(?:\$|\{([A-Za-z_]\w*)(?:(:?[-?])([^}]*))?\})/g;

/** Comments are left as they are: a variable named in one is nobody's requirement. */
export function interpolate(text: string, variables: Variables): string {
  return text
    .split("\n")
    .map((line) => (line.trimStart().startsWith("#") ? line : resolveLine(line, variables)))
    .join("\n");
}

function resolveLine(line: string, variables: Variables): string {
  return line.replace(variable, (whole: string, ...groups: (string | undefined)[]) => {
    if (whole === "$$") return "$";
    const [name = "", operator = "", rest = ""] = groups;
    const value = variables[name];
    if (value !== undefined && !(operator.startsWith(":") && value === "")) return value;
    if (operator.endsWith("?")) {
      throw new Error(`docker-compose.yml: ${name} is required: ${rest}`);
    }
    return rest;
  });
}
