import { crashPoints, type TestStack } from "@holdfast/testkit";
import { type Suite, startSuite } from "../command/suite.ts";
import { createNetwork, type Network, type ProxiedPart } from "./network/network.ts";
import { createReceiver, type Receiver } from "./receiver.ts";

/** A suite, and the means to hurt it. */
export interface FragileSuite extends Suite {
  /** Between the services and what they call. */
  readonly network: Network;
  /** One of the sinks of notifications. */
  readonly receiver: Receiver;
}

/** What to start: a run's name, and the bug that every process of ours is to have, if any. */
export interface FragileSuiteOptions {
  readonly name: string;
  readonly plant?: string;
}

/** Starts a suite whose processes crash at chosen points, over a network that can be spoilt. */
export async function startFragileSuite(options: FragileSuiteOptions): Promise<FragileSuite> {
  const { name, plant = crashPoints } = options;
  const network = await createNetwork();
  const receiver = await createReceiver();
  const closeSurroundings = async (): Promise<void> => {
    await Promise.all([network.close(), receiver.close()]);
  };
  const suite = await startSuite({
    name,
    preload: preloadOf(plant),
    via: network.via,
    variables: receiver.variables,
    onPlanned: (stack) => network.leadTo(portsOf(stack)),
  }).catch(async (error: unknown) => {
    await closeSurroundings(); // whatever listens keeps the process alive
    throw error;
  });
  return {
    ...suite,
    network,
    receiver,
    stop: async () => {
      await suite.stop();
      await closeSurroundings();
    },
  };
}

/** The address of the module that changes a service's source while it is loaded. */
function preloadOf(plant: string): string {
  return `${import.meta.resolve("@holdfast/testkit/load-plant")}?${plant}`;
}

function portsOf(stack: TestStack): Record<ProxiedPart, number> {
  const portOf = (url: string) => Number(new URL(url).port);
  return {
    postgres: portOf(stack.postgresAdminUrl),
    registry: portOf(stack.schemaRegistryUrl),
    payment: portOf(stack.address("payment")),
    "payment-provider": portOf(stack.address("payment-provider")),
  };
}
