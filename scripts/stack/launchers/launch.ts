import type { NativePart } from "../plan.ts";

/** How one process is started, once everything that it needs on disk is there. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Another user than ours; only root can ask for one. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly stopSignal: NodeJS.Signals;
}

/** What launchers find on this machine. */
export interface Tools {
  readonly root: string;
  readonly javaHome: string;
  /** Folder with the unpacked Java programs: kafka, connect-plugins, registry, zipkin. */
  readonly parts: string;
  /** Folder for what only makes later starts quicker. */
  readonly cache: string;
  /** Program of a Jaeger that is installed here; null when Zipkin stands in for it. */
  readonly jaeger: string | null;
}

/** Prepares data folders and configuration (idempotent) and says how to start the process. */
export type Launcher = (part: NativePart, tools: Tools) => Promise<Launch>;

/**
 * Variables of this process that a child may need to find its programs, its home and its certificates.
 * And two malloc arenas in place of eight a core: what threads free in one is seldom given back.
 */
export function inheritedEnvironment(): Record<string, string> {
  const names = ["PATH", "HOME", "LANG", "TMPDIR", "TZ", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];
  const inherited = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), MALLOC_ARENA_MAX: "2" };
}

/** The port of this part's native process that stands for the container port. Throws when the map has none. */
export function nativePort(part: NativePart, container: number): number {
  const port = part.ports.get(container);
  if (port === undefined) throw new Error(`${part.name} has no native port for ${container}`);
  return port;
}
