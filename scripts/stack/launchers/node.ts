import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { inheritedEnvironment, type Launcher } from "./launch.ts";

/** A service of ours: the command of its container, under the Node that runs this. */
export const launchNode: Launcher = async (part, tools) => {
  await mkdir(part.dataDir, { recursive: true });
  const [program, ...args] = part.command;
  if (program !== "node") throw new Error(`${part.name}: the command must begin with "node"`);
  const preload = process.env["HOLDFAST_PRELOAD"]; // tests of the tests plant bugs by it
  return {
    file: process.execPath,
    args: preload === undefined ? args : ["--import", preload, ...args],
    cwd: part.cwd,
    environment: {
      ...inheritedEnvironment(),
      NODE_COMPILE_CACHE: join(tools.cache, "compiled"), // a third less work at each later start
      ...part.environment,
    },
    stopSignal: "SIGTERM",
  };
};
