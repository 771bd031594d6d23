import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runToEnd } from "../run-to-end.ts";
import { javaProgram, jvmFlags, options } from "./jvm.ts";
import { inheritedEnvironment, type Launcher, type Tools } from "./launch.ts";
import { formatProperties, propertiesFromEnvironment } from "./properties.ts";

/** Variables of the image that are not broker properties. */
const notProperties = ["heap.opts", "opts", "jvm.performance.opts", "log4j.opts"];

/** One broker that is its own controller (KRaft), formatted on the first start. */
export const launchKafka: Launcher = async (part, tools) => {
  await mkdir(part.dataDir, { recursive: true });
  const properties = propertiesFromEnvironment(part.environment, "KAFKA_");
  for (const name of notProperties) properties.delete(name);
  const file = join(dirname(part.dataDir), `${part.name}.properties`);
  await writeFile(file, formatProperties(properties));
  const java = javaProgram(tools);
  const base = [...kafkaClassPath(tools), ...(await jvmFlags(tools, part.name))];
  if (!existsSync(join(part.dataDir, "meta.properties"))) {
    const id = part.environment["CLUSTER_ID"] ?? "";
    const users = scramUsers(part.environment["SCRAM_USERS"] ?? "");
    const format = ["kafka.tools.StorageTool", "format", "-t", id, "-c", file, ...users];
    await runToEnd(java, [...base.slice(0, 3), "-XX:TieredStopAtLevel=1", ...format]);
  }
  return {
    file: java,
    args: [...base, ...options(part.environment["KAFKA_HEAP_OPTS"]), "kafka.Kafka", file],
    cwd: part.dataDir,
    environment: inheritedEnvironment(),
    stopSignal: "SIGTERM",
  };
};

/** `name=password,…`: the principals that the brokers know from the beginning. */
function scramUsers(list: string): string[] {
  const users = list.split(",").filter((entry) => entry !== "");
  return users.flatMap((entry) => {
    const [name, password] = entry.split("=");
    return ["--add-scram", `SCRAM-SHA-512=[name=${name},password=${password}]`];
  });
}

/** Class path and logging shared by the broker, its tools and Kafka Connect: three arguments. */
export function kafkaClassPath(tools: Tools): string[] {
  const logging = join(tools.root, "infra/kafka/log4j2.properties");
  return ["-cp", join(tools.parts, "kafka/*"), `-Dlog4j2.configurationFile=${logging}`];
}
