import { type StartedStack, startStack } from "../stack/start-stack.ts";

declare global {
  var backingServices: StartedStack | undefined;
}

/**
 * jest globalSetup of the integration tests: Postgres, Kafka, Connect and the registry, started
 * once for all of them. With HOLDFAST_TEST_STACK set, that run is used and left as it is.
 */
export default async function startBackingServices(): Promise<void> {
  if (process.env["HOLDFAST_TEST_STACK"]) return;
  const stack = await startStack({
    name: "integration",
    only: ["postgres", "kafka", "connect", "registry"],
  });
  globalThis.backingServices = stack;
  process.env["HOLDFAST_TEST_STACK"] = stack.runFile;
}
