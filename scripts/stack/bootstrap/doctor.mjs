// Looks at the machine before anything is installed or started: each problem in one line, with its
// cure. Plain JavaScript with node: imports only.
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { connect } from "node:net";
import { freemem } from "node:os";
import { delimiter, join } from "node:path";
import { leastJava, newestJava } from "./java.mjs";

/**
 * `ok` false: the demo cannot run. `advice` alone: it can, but something is worth knowing.
 * @typedef {{ readonly ok: boolean, readonly what: string, readonly advice?: string }} Finding
 */

const leastNode = 20;
const leastDiskGigabytes = 2;
const leastMemoryGigabytes = 2;

/**
 * Everything that a native run needs from this machine, in the order in which it would be missed.
 * @param {string} root
 * @param {Readonly<Record<string, string | undefined>>} [environment]
 * @returns {Promise<Finding[]>}
 */
export async function examine(root, environment = process.env) {
  return [
    examineNode(),
    examinePlatform(),
    examineJava(environment),
    examineMaven(root, environment),
    examineDisk(root),
    examineMemory(),
    ...(await examinePorts(root, environment)),
  ];
}

/** @returns {Finding} */
function examineNode() {
  const major = Number.parseInt(process.versions.node, 10);
  const what = `Node ${process.versions.node}`;
  return major >= leastNode
    ? { ok: true, what }
    : { ok: false, what, advice: `install Node ${leastNode} or newer: https://nodejs.org` };
}

/** @returns {Finding} */
function examinePlatform() {
  const what = `${process.platform} on ${process.arch}`;
  const known =
    ["linux", "darwin"].includes(process.platform) && ["x64", "arm64"].includes(process.arch);
  return known
    ? { ok: true, what }
    : {
        ok: false,
        what,
        advice: "Linux or macOS on x64 or arm64 is needed; docker compose up runs elsewhere",
      };
}

/**
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {Finding}
 */
function examineJava(environment) {
  const java = newestJava(environment);
  if (!java) {
    return {
      ok: false,
      what: "no Java",
      advice: `install a JDK, ${leastJava} or newer: https://adoptium.net`,
    };
  }
  const what = `Java ${java.version} in ${java.home}`;
  return java.major >= leastJava
    ? { ok: true, what }
    : {
        ok: false,
        what,
        advice: `install a JDK, ${leastJava} or newer (beside this one is fine): https://adoptium.net`,
      };
}

/**
 * @param {string} root
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {Finding}
 */
function examineMaven(root, environment) {
  const folders = (environment["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, "mvn")).find((file) => existsSync(file));
  if (found) return { ok: true, what: `Maven in ${found}` };
  const fetched = existsSync(
    join(environment["HOLDFAST_CACHE"] ?? join(root, ".cache"), "parts.sha256"),
  );
  return {
    ok: fetched,
    what: "no Maven",
    advice: fetched
      ? "what it would fetch is here already"
      : "install Maven (apt install maven, brew install maven): it fetches Kafka, Debezium and the registry",
  };
}

/**
 * @param {string} root
 * @returns {Finding}
 */
function examineDisk(root) {
  const { bavail, bsize } = statfsSync(root);
  const gigabytes = (bavail * bsize) / 1e9;
  const what = `${gigabytes.toFixed(0)} GB of free disk`;
  return gigabytes >= leastDiskGigabytes
    ? { ok: true, what }
    : {
        ok: false,
        what,
        advice: `free ${leastDiskGigabytes} GB, or point HOLDFAST_HOME and HOLDFAST_CACHE elsewhere`,
      };
}

/** @returns {Finding} */
function examineMemory() {
  const gigabytes = availableMemory() / 1e9;
  const what = `${gigabytes.toFixed(1)} GB of free memory`;
  return gigabytes >= leastMemoryGigabytes
    ? { ok: true, what }
    : {
        ok: true,
        what,
        advice: `the suite takes about ${leastMemoryGigabytes} GB: expect it to be slow`,
      };
}

/** What could be had without swapping; on Linux that is more than what lies idle. */
function availableMemory() {
  try {
    const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"));
    return line ? Number(line[1]) * 1024 : freemem();
  } catch {
    return freemem();
  }
}

/**
 * @param {string} root
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {Promise<Finding[]>}
 */
async function examinePorts(root, environment) {
  const run = environment["HOLDFAST_RUN"] ?? "demo";
  if (isUp(join(environment["HOLDFAST_HOME"] ?? join(root, ".holdfast"), run, "run.json"))) {
    return [{ ok: true, what: `ports: in use by the run "${run}"` }];
  }
  const offset = Number(environment["HOLDFAST_PORT_OFFSET"] ?? 0);
  const ports = nativePorts(readFileSync(join(root, "docker-compose.yml"), "utf8"));
  const taken = await Promise.all(ports.map((port) => isTaken(port + offset)));
  const findings = ports
    .filter((_, index) => taken[index])
    .map((port) => ({
      ok: false,
      what: `port ${port + offset} is taken`,
      advice:
        "end the program that has it, or shift all ports: HOLDFAST_PORT_OFFSET=1000 npm run demo",
    }));
  return findings.length > 0 ? findings : [{ ok: true, what: `${ports.length} ports are free` }];
}

/** @param {string} runFile */
function isUp(runFile) {
  if (!existsSync(runFile)) return false;
  try {
    return process.kill(JSON.parse(readFileSync(runFile, "utf8")).supervisor.pid, 0);
  } catch {
    return false;
  }
}

/**
 * The ports of a native run, read without a YAML parser, which is not installed yet: those that are
 * published, and those that x-native blocks add. Jaeger's own are left out, for Zipkin stands in.
 * @param {string} compose
 */
export function nativePorts(compose) {
  const published = [...compose.matchAll(/"127\.0\.0\.1:(?:\$\{\w+:-)?(\d+)\}?:\d+"/g)].map(
    (match) => Number(match[1]),
  );
  const added = [...compose.matchAll(/ports: \{([^}]*)\}/g)].flatMap((match) =>
    [...(match[1] ?? "").matchAll(/"\d+": (\d+)/g)].map((pair) => Number(pair[1])),
  );
  return [...published, ...added].filter((port) => port !== 16686 && port !== 4318);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isTaken(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const settle = (/** @type {boolean} */ taken) => {
      socket.destroy();
      resolve(taken);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

/**
 * @param {readonly Finding[]} findings
 * @param {boolean} all whether what is well is told too
 */
export function report(findings, all) {
  for (const { ok, what, advice } of findings) {
    if (ok && !advice && !all) continue;
    console.log(
      `${ok ? (advice ? "note   " : "ok     ") : "PROBLEM"}  ${what}${advice ? `: ${advice}` : ""}`,
    );
  }
}
