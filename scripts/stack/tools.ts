import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type FetchProgress, fetchArtifacts } from "./artifacts.ts";
import { leastJava, newestJava } from "./bootstrap/java.mjs";
import type { Tools } from "./launchers/launch.ts";
import { root, type Settings } from "./settings.ts";

/** Fetches what is missing and finds what is there. Throws, with the cure, when Java is missing. */
export async function gatherTools(settings: Settings, progress: FetchProgress): Promise<Tools> {
  const java = newestJava();
  if (!java || java.major < leastJava) {
    throw new Error(`Java ${leastJava} or newer is needed: npm run doctor says more`);
  }
  const parts = await fetchArtifacts({ root, cache: settings.cache, maven: "mvn" }, progress);
  return {
    root,
    javaHome: java.home,
    parts,
    cache: settings.cache,
    jaeger: findJaeger(process.env),
  };
}

/** JAEGER_BIN, or `jaeger` on the PATH. */
function findJaeger(environment: NodeJS.ProcessEnv): string | null {
  const named = environment["JAEGER_BIN"];
  if (named) return named;
  const folders = (environment["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "jaeger")).find(existsSync) ?? null;
}
