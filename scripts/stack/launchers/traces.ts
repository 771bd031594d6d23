import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
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
  return tools.jaeger === null ? zipkin(part, tools) : jaeger(part, tools.jaeger);
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

/** Without a configuration of its own Jaeger opens many ports on every interface. */
async function jaeger(part: NativePart, program: string): Promise<Launch> {
  const file = join(part.dataDir, "jaeger.yaml");
  await writeFile(file, stringify(jaegerConfiguration(part)));
  return {
    file: program,
    args: ["--config", file],
    cwd: part.dataDir,
    environment: inheritedEnvironment(),
    stopSignal: "SIGTERM",
  };
}

function jaegerConfiguration(part: NativePart): object {
  const endpoint = (container: number) => `127.0.0.1:${nativePort(part, container)}`;
  return {
    service: {
      extensions: ["jaeger_storage", "jaeger_query"],
      pipelines: {
        traces: {
          receivers: ["otlp"],
          processors: ["batch"],
          exporters: ["jaeger_storage_exporter"],
        },
      },
      telemetry: { metrics: { level: "none" } },
    },
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: 20_000 } } } },
      jaeger_query: { storage: { traces: "memory" }, http: { endpoint: endpoint(16686) } },
    },
    receivers: { otlp: { protocols: { http: { endpoint: endpoint(4318) } } } },
    processors: { batch: {} },
    exporters: { jaeger_storage_exporter: { trace_storage: "memory" } },
  };
}
