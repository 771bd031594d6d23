import { mkdir } from "node:fs/promises";
import { inheritedEnvironment, type Launcher } from "./launch.ts";

/** A service of ours: the command of its container, under the Node that runs this. */
export const launchNode: Launcher = async (part) => {
  await mkdir(part.dataDir, { recursive: true });
  const [program, ...args] = part.command;
  if (program !== "node") throw new Error(`${part.name}: the command must begin with "node"`);
  return {
    file: process.execPath,
    args,
    cwd: part.cwd,
    environment: { ...inheritedEnvironment(), ...part.environment },
    stopSignal: "SIGTERM",
  };
};
