// Completes package-lock.json after an `npm install`.
//
// npm writes only those platform packages into the lockfile that its registry could show it, and
// `npm ci` then refuses the file on a machine that sees more ("Missing: … from lock file"). This
// adds an entry for each optional dependency that has none; its platform is read from its name.
//
//   node scripts/complete-lockfile.mjs [package-lock.json]
import { readFileSync, writeFileSync } from "node:fs";

const systems = "aix android darwin freebsd linux netbsd openbsd openharmony sunos win32".split(
  " ",
);
const processors = "arm arm64 ia32 loong64 mips64el mipsel ppc64 riscv64 s390x wasm32 x64".split(
  " ",
);

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[],
 *   libc?: string[], optionalDependencies?: Record<string, string> }} Entry
 */

/**
 * The platform that a package's name tells, as in `@swc/core-linux-x64-musl`; null when it tells none.
 * @param {string} name
 * @returns {Pick<Entry, "os" | "cpu" | "libc"> | null}
 */
export function platformOf(name) {
  const words = name.replace("windows", "win32").split(/[-/]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.some((word) => isProcessor(word, processor)));
  if (os.length === 0 && cpu.length === 0) return null;
  const musl = words.some((word) => word.startsWith("musl"));
  const glibc = os.includes("linux") && words.some((word) => word.startsWith("gnu"));
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(os.length > 0 ? { os } : {}),
    ...(musl ? { libc: ["musl"] } : glibc ? { libc: ["glibc"] } : {}),
  };
}

/**
 * @param {string} word
 * @param {string} processor
 */
function isProcessor(word, processor) {
  return word === processor || (processor === "arm" && /^arm(v\d|hf)?$/.test(word));
}

/**
 * The entries that are missing, by their path in node_modules. Throws for a package whose platform
 * its name does not tell.
 * @param {Readonly<Record<string, Entry>>} packages
 * @returns {Record<string, Entry>}
 */
export function missingEntries(packages) {
  /** @type {Record<string, Entry>} */
  const missing = {};
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const nested = `${path ? `${path}/` : ""}node_modules/${name}`;
      if (packages[nested] || packages[`node_modules/${name}`]) continue;
      const platform = platformOf(name);
      if (!platform)
        throw new Error(`cannot tell the platform of ${name}@${range}, wanted by ${path}`);
      const version = range.replace(/^[\^~]/, "");
      missing[`node_modules/${name}`] = {
        version,
        ...(entry.dev ? { dev: true } : {}),
        optional: true,
        ...platform,
      };
    }
  }
  return missing;
}

/** @param {string} file */
function complete(file) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const missing = missingEntries(lock.packages);
  const all = Object.entries({ ...lock.packages, ...missing });
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${Object.keys(missing).length} entries added to ${file}`);
}

if (import.meta.filename === process.argv[1]) complete(process.argv[2] ?? "package-lock.json");
