import { setTimeout as delay } from "node:timers/promises";
import type { Suite } from "../../command/suite.ts";
import { call } from "../http.ts";
import type { Fault } from "./fault.ts";

async function setFailures(suite: Suite, body: object): Promise<void> {
  await call({ method: "PUT", url: `${suite.url("payment-provider")}/failures`, body });
}

/** The provider misbehaves in one way for a while. */
const misbehaviour = (name: string, modes: object): Fault => ({
  name,
  mustAccept: true,
  strike: async ({ suite, random }) => {
    await setFailures(suite, { ...modes, seed: random.between(1, 1_000_000) });
    await delay(random.between(4_000, 8_000));
    await setFailures(suite, {});
  },
});

/** Faults of the payment provider. */
export const providerFaults: readonly Fault[] = [
  misbehaviour("provider-errors", { errorRate: 0.5 }),
  misbehaviour("provider-silent", { timeoutAfterSuccessRate: 0.3 }),
  misbehaviour("provider-slow", { latencyMs: 1_500 }),
  misbehaviour("provider-refuses-captures", { refuseCaptures: true }),
];

/** A good day again, whatever fault was cut short. */
export async function healProvider(suite: Suite): Promise<void> {
  await setFailures(suite, {});
}
