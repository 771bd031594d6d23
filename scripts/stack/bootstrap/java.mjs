// Finds the newest JDK of this machine. Plain JavaScript with node: imports only: it runs before
// anything is installed, under whatever Node the machine has.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** The registry is built for this release; Kafka alone would run on an older one. */
export const leastJava = 21;

/**
 * @typedef {{ readonly home: string, readonly version: string, readonly major: number }} Jdk
 */

const folders = [
  "/usr/lib/jvm",
  "/usr/java",
  "/opt/java",
  "/Library/Java/JavaVirtualMachines",
  join(homedir(), ".sdkman/candidates/java"),
  join(homedir(), ".jdks"),
];

/**
 * The newest of JAVA_HOME, the system's JVM folders and the `java` on the PATH; null when there is none.
 * @param {Readonly<Record<string, string | undefined>>} [environment]
 * @returns {Jdk | null}
 */
export function newestJava(environment = process.env) {
  const homes = [environment["JAVA_HOME"], javaOnPath(environment), ...folders.flatMap(children)];
  const found = homes.flatMap((home) => describe(home) ?? []);
  return found.sort((a, b) => b.major - a.major)[0] ?? null;
}

/** @param {string} folder */
function children(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => [
    join(folder, name),
    join(folder, name, "Contents/Home"),
  ]);
}

/** @param {Readonly<Record<string, string | undefined>>} environment */
function javaOnPath(environment) {
  const folder = (environment["PATH"] ?? "")
    .split(delimiter)
    .find((dir) => existsSync(join(dir, "java")));
  return folder === undefined ? undefined : dirname(dirname(realpathSync(join(folder, "java"))));
}

/**
 * Every JDK and JRE since 9 carries a `release` file, so no program has to be started to ask.
 * @param {string | undefined} home
 * @returns {Jdk | null}
 */
function describe(home) {
  if (!home || !existsSync(join(home, "bin/java")) || !existsSync(join(home, "release")))
    return null;
  const version = /^JAVA_VERSION="([^"]+)"/m.exec(readFileSync(join(home, "release"), "utf8"))?.[1];
  return version ? { home, version, major: Number.parseInt(version, 10) } : null;
}
