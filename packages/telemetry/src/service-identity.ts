import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface ServiceIdentity {
  readonly name: string;
  readonly version: string;
}

/**
 * Who this process is: OTEL_SERVICE_NAME, else the name of the package that the started file
 * lies in, without its scope. The version is that package's.
 */
export function serviceIdentity(environment: NodeJS.ProcessEnv, entry: string): ServiceIdentity {
  const manifest = nearestManifest(dirname(entry));
  const name = environment["OTEL_SERVICE_NAME"] ?? manifest.name?.replace(/^@[^/]+\//, "");
  return { name: name ?? "unknown", version: manifest.version ?? "0.0.0" };
}

function nearestManifest(folder: string): { name?: string; version?: string } {
  const file = join(folder, "package.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as { name?: string };
  const parent = dirname(folder);
  return parent === folder ? {} : nearestManifest(parent);
}
