import { type StartedStack, startStack } from "@holdfast/testkit";

declare global {
  var suite: StartedStack | undefined;
}

/**
 * jest globalSetup of the end-to-end tests: every part of docker-compose.yml, natively, from empty
 * data. With HOLDFAST_TEST_STACK set, that run is used and left as it is.
 */
export default async function startSuite(): Promise<void> {
  if (process.env["HOLDFAST_TEST_STACK"]) return;
  const stack = await startStack({ name: "end-to-end", only: null });
  globalThis.suite = stack;
  process.env["HOLDFAST_TEST_STACK"] = stack.runFile;
}
