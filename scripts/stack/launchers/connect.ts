import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NativePart } from "../plan.ts";
import { javaProgram, jvmFlags, options } from "./jvm.ts";
import { kafkaClassPath } from "./kafka.ts";
import { inheritedEnvironment, type Launcher, nativePort, type Tools } from "./launch.ts";
import { formatProperties, propertiesFromEnvironment } from "./properties.ts";

/** Variables that Debezium's image knows by a name of their own, and the values it falls back on. */
const named: readonly (readonly [variable: string, property: string, fallback?: string])[] = [
  ["BOOTSTRAP_SERVERS", "bootstrap.servers"],
  ["GROUP_ID", "group.id"],
  ["CONFIG_STORAGE_TOPIC", "config.storage.topic"],
  ["OFFSET_STORAGE_TOPIC", "offset.storage.topic"],
  ["STATUS_STORAGE_TOPIC", "status.storage.topic"],
  ["KEY_CONVERTER", "key.converter", "org.apache.kafka.connect.json.JsonConverter"],
  ["VALUE_CONVERTER", "value.converter", "org.apache.kafka.connect.json.JsonConverter"],
  ["OFFSET_FLUSH_INTERVAL_MS", "offset.flush.interval.ms", "60000"],
];

/** One distributed worker of Kafka Connect with the Debezium Postgres connector on its plugin path. */
export const launchConnect: Launcher = async (part, tools) => {
  await mkdir(part.dataDir, { recursive: true });
  const file = join(dirname(part.dataDir), `${part.name}.properties`);
  await writeFile(file, formatProperties(workerProperties(part, tools)));
  return {
    file: javaProgram(tools),
    args: [
      ...kafkaClassPath(tools),
      ...(await jvmFlags(tools, part.name)),
      ...options(part.environment["HEAP_OPTS"]),
      "org.apache.kafka.connect.cli.ConnectDistributed",
      file,
    ],
    cwd: part.dataDir,
    environment: inheritedEnvironment(),
    stopSignal: "SIGTERM",
  };
};

function workerProperties(part: NativePart, tools: Tools): Map<string, string> {
  const properties = propertiesFromEnvironment(part.environment, "CONNECT_");
  for (const [variable, property, fallback] of named) {
    const value = part.environment[variable] ?? fallback;
    if (value !== undefined) properties.set(property, value);
  }
  const port = nativePort(part, 8083);
  properties.set("listeners", `http://127.0.0.1:${port}`);
  properties.set("rest.advertised.host.name", "127.0.0.1");
  properties.set("rest.advertised.port", String(port));
  properties.set("plugin.path", join(tools.parts, "connect-plugins"));
  return properties;
}
