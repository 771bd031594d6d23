// Goes on under the pinned Node, which runs TypeScript. Plain JavaScript with node: imports only.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pinnedNode } from "./install.mjs";

/**
 * Runs a script of the project and resolves with its exit code. Signals are passed on, and this
 * process outlives the other, so that whoever waits for it sees the end of everything.
 * @param {string} root
 * @param {readonly string[]} command the script's path below `root`, and its arguments
 * @returns {Promise<number>}
 */
export function runPinned(root, [script = "", ...args]) {
  const node = pinnedNode(root);
  const child = spawn(node, [join(root, script), ...args], {
    stdio: "inherit",
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}` },
  });
  process.on("SIGINT", () => {}); // the terminal tells the child as well
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    );
  });
}
