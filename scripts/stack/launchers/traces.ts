import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NativePart } from "../plan.ts";
import { javaProgram, jvmFlags } from "./jvm.ts";
import {
  inheritedEnvironment,
  type Launch,
  type Launcher,
  nativePort,
  type Tools,
} from "./launch.ts";

/** Jaeger when this machine has it, else Zipkin; either keeps traces in memory, bounded. */
export const launchTraces: Launcher = async (part, tools) => {
  await mkdir(part.dataDir, { recursive: true });
  return tools.jaeger === null ? zipkin(part, tools) : jaeger(part, tools.jaeger, tools);
};

async function zipkin(part: NativePart, tools: Tools): Promise<Launch> {
  const environment = {
    ...inheritedEnvironment(),
    QUERY_PORT: String(nativePort(part, 9411)),
    // What its heap holds: beyond that it collects garbage and answers nobody.
    MEM_MAX_SPANS: "50000",
    SELF_TRACING_ENABLED: "false",
  };
  return {
    file: javaProgram(tools),
    args: [
      ...(await jvmFlags(tools, "zipkin")),
      "-Xms32m",
      "-Xmx256m",
      "-Darmeria.preferIpv4=true",
      "-jar",
      join(tools.parts, "zipkin/zipkin.jar"),
    ],
    cwd: part.dataDir,
    environment,
    stopSignal: "SIGTERM",
  };
}

function jaeger(part: NativePart, program: string, { root }: Tools): Launch {
  const endpoint = (container: number) => `127.0.0.1:${nativePort(part, container)}`;
  return {
    file: program,
    args: ["--config", join(root, "infra/otel/jaeger.yaml")],
    cwd: part.dataDir,
    environment: {
      ...inheritedEnvironment(),
      OTLP_HTTP: endpoint(4318),
      QUERY_HTTP: endpoint(16686),
      QUERY_GRPC: "127.0.0.1:0", // nobody asks it
    },
    stopSignal: "SIGTERM",
  };
}
