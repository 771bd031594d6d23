// Installs the project's dependencies when they are not those of package-lock.json. Plain
// JavaScript with node: imports only: it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {{ readonly version?: string, readonly integrity?: string, readonly optional?: boolean,
 *   readonly link?: boolean }} LockedPackage
 */

/**
 * Whether node_modules holds what package-lock.json asks for. npm keeps a lockfile of what it has
 * installed inside node_modules; the two are compared, so an `npm install` by hand counts as well.
 * @param {string} root
 */
export function isInstalled(root) {
  const installed = lockedPackages(join(root, "node_modules/.package-lock.json"));
  const wanted = lockedPackages(join(root, "package-lock.json"));
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (optional || !path.includes("node_modules/")) return true; // of another platform, or ours
    const found = installed[path];
    return found !== undefined && found.version === version && found.integrity === integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage>}
 */
function lockedPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : {};
}

/**
 * Runs `npm ci` if it is needed. Throws when that fails.
 * @param {string} root
 */
export function install(root) {
  if (isInstalled(root)) return;
  console.log("installing dependencies (npm ci)");
  const began = performance.now();
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("npm ci failed; its words are above");
  console.log(`installed in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

/**
 * The Node that the project pins. It is an npm package, so that every script has it wherever npm
 * runs. Throws when an install without scripts has left it out.
 * @param {string} root
 */
export function pinnedNode(root) {
  const program = join(root, "node_modules/.bin/node");
  if (existsSync(program)) return program;
  throw new Error(
    "the pinned Node is not in node_modules: npm ran without install scripts; allow them and run npm ci",
  );
}
