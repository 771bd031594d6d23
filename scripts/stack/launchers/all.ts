import type { LauncherName } from "../compose-file.ts";
import { launchConnect } from "./connect.ts";
import { launchKafka } from "./kafka.ts";
import type { Launcher } from "./launch.ts";
import { launchNode } from "./node.ts";
import { launchPostgres } from "./postgres.ts";
import { launchRegistry } from "./registry.ts";
import { launchTraces } from "./traces.ts";

export const launchers: Readonly<Record<LauncherName, Launcher>> = {
  postgres: launchPostgres,
  kafka: launchKafka,
  connect: launchConnect,
  registry: launchRegistry,
  traces: launchTraces,
  node: launchNode,
};
