import { resolve } from "node:path";

/** The project's folder. */
export const root = resolve(import.meta.dirname, "../..");

/** Which run a command means, and where it keeps its things. All of it may be told by the environment. */
export interface Settings {
  readonly run: string;
  /** Data, logs and run file of this run. */
  readonly home: string;
  /** Downloaded programs; may be shared by several checkouts. */
  readonly cache: string;
  readonly portOffset: number;
}

/** Throws when a variable cannot be read. */
export function readSettings(environment: NodeJS.ProcessEnv, run?: string): Settings {
  const name = run ?? environment["HOLDFAST_RUN"] ?? "demo";
  if (!/^[\w-]{1,40}$/.test(name)) throw new Error(`"${name}" cannot name a run`);
  const portOffset = Number(environment["HOLDFAST_PORT_OFFSET"] ?? 0);
  if (!Number.isInteger(portOffset) || portOffset < 0 || portOffset > 48_000) {
    throw new Error("HOLDFAST_PORT_OFFSET must be a whole number from 0 to 48000");
  }
  return {
    run: name,
    home: resolve(environment["HOLDFAST_HOME"] ?? resolve(root, ".holdfast"), name),
    cache: resolve(environment["HOLDFAST_CACHE"] ?? resolve(root, ".cache")),
    portOffset,
  };
}
