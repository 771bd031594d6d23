import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { javaProgram, jvmFlags, options } from "./jvm.ts";
import { inheritedEnvironment, type Launcher, nativePort } from "./launch.ts";

/** Apicurio Registry. It reads its settings from the environment, as in its image. */
export const launchRegistry: Launcher = async (part, tools) => {
  await mkdir(part.dataDir, { recursive: true });
  return {
    file: javaProgram(tools),
    args: [
      ...(await jvmFlags(tools, part.name)),
      ...options(part.environment["JAVA_OPTS_APPEND"]),
      "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
      "-jar",
      join(tools.parts, "registry/quarkus-run.jar"),
    ],
    cwd: part.dataDir,
    environment: {
      ...inheritedEnvironment(),
      ...part.environment,
      QUARKUS_HTTP_HOST: "127.0.0.1",
      QUARKUS_HTTP_PORT: String(nativePort(part, 8080)),
      QUARKUS_MANAGEMENT_HOST: "127.0.0.1",
      QUARKUS_MANAGEMENT_PORT: String(nativePort(part, 9000)),
    },
    stopSignal: "SIGTERM",
  };
};
